import { formatBriefDate, formatFullDate } from "../../lib/page/dates.js"

/** Writes a <time> in the reader's zone and language. */
export function mount(element) {
  element.textContent = formatBriefDate(element.dateTime)
  element.title = formatFullDate(element.dateTime)
}

// What was of today when its page was opened may be of yesterday by now.
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") document.querySelectorAll('[data-behaviour~="page/local-time"]').forEach(mount)
})
