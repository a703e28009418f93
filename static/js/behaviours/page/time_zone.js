import { setCookie } from "../../lib/page/dom.js"

/** Sets a cookie with the reader's time zone, in which the server renders its pages. */
export function mount() {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions()
  if (!document.cookie.includes(`tz=${timeZone}`)) setCookie("tz", timeZone)
}
