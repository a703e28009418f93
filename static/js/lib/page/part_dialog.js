import { formatFullDate, formatShortDate } from "./dates.js"
import { part } from "./dom.js"
import { toast } from "./toast.js"

/** Shows in a dialog what the page of an address has as its part; where that can't be had, goes to the page. */
export async function showPart(dialog, address) {
  let response
  try {
    response = await fetch(`${address}?part`, { credentials: "same-origin", cache: "no-store" })
  } catch {
    return toast("There is no connection.")
  }
  // The page says what is the matter, or asks to log in.
  if (!response.ok || response.redirected) return location.assign(address)
  const { body } = new DOMParser().parseFromString(await response.text(), "text/html")
  for (const time of body.querySelectorAll("time")) localize(time)
  const place = part(dialog, "texts")
  place.replaceChildren(...body.children)
  if (!dialog.open) dialog.showModal()
  place.scrollTop = 0
}

function localize(time) {
  time.textContent = formatShortDate(time.dateTime)
  time.title = formatFullDate(time.dateTime)
}
