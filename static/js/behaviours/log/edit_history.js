import { formatFullDate, formatShortDate } from "../../lib/page/dates.js"
import { part } from "../../lib/page/dom.js"
import { toast } from "../../lib/page/toast.js"

/** Opens the earlier texts of a message in a dialog; the link is their page. */
export function mount(element) {
  const dialog = document.getElementById("history-dialog")
  element.addEventListener("click", (event) => {
    const link = event.target.closest('[data-part="edited"]')
    if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    show(dialog, link.href)
  })
}

async function show(dialog, address) {
  let response
  try {
    response = await fetch(`${address}?part`, { credentials: "same-origin", cache: "no-store" })
  } catch {
    return toast("There is no connection.")
  }
  // The page says what is the matter, or asks to log in.
  if (!response.ok || response.redirected) return location.assign(address)
  const texts = new DOMParser().parseFromString(await response.text(), "text/html").body
  for (const time of texts.querySelectorAll("time")) localize(time)
  const place = part(dialog, "texts")
  place.replaceChildren(...texts.children)
  if (!dialog.open) dialog.showModal()
  place.scrollTop = 0
}

function localize(time) {
  time.textContent = formatShortDate(time.dateTime)
  time.title = formatFullDate(time.dateTime)
}
