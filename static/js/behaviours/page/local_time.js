import { formatFullDate, formatShortDate } from "../../lib/page/dates.js"

/** Writes a <time> in the reader's zone and language. */
export function mount(element) {
  element.textContent = formatShortDate(element.dateTime)
  element.title = formatFullDate(element.dateTime)
}
