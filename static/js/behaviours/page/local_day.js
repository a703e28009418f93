import { dayName } from "../../lib/page/dates.js"

/** Writes a day, as <time>, in the reader's language: "Yesterday". */
export function mount(element) {
  element.textContent = dayName(element.dateTime)
}
