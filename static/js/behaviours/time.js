import { briefly, fully } from "../lib/dates.js"

/** A time in the reader's zone and language. */
export function mount(element) {
  element.textContent = briefly(element.dateTime)
  element.title = fully(element.dateTime)
}
