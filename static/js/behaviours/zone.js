import { cookie } from "../lib/dom.js"

/** Tells the server the reader's time zone, for the pages that it renders. */
export function mount() {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions()
  if (!document.cookie.includes(`tz=${timeZone}`)) cookie("tz", timeZone)
}
