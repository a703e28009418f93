import { clock } from "../lib/dates.js"

/** A room read from outside: in the reader's time, at its newest message. */
export function mount(element) {
  for (const time of element.querySelectorAll(".message time")) time.textContent = clock(time.dateTime)
  element.scrollTop = element.scrollHeight
}
