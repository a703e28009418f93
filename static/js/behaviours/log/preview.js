import { formatTime } from "../../lib/page/dates.js"

/** Shows a room to somebody who isn't a member: times in their zone, scrolled to the newest message. */
export function mount(element) {
  for (const time of element.querySelectorAll(".message time")) time.textContent = formatTime(time.dateTime)
  element.scrollTop = element.scrollHeight
}
