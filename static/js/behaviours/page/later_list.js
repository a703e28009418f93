import { connection } from "../../lib/connection/connection.js"
import { fetchDocument } from "../../lib/connection/fetch_document.js"

const RELOADED_KEY = "later-reloaded"

/** Shows the page of scheduled messages or reminders anew when one changes, but not under somebody who is writing on it. */
export function mount(list) {
  const refresh = () => {
    const writing = document.activeElement?.matches("input, textarea") || document.querySelector("dialog[open]")
    if (!writing && !connection.submitting) location.reload()
  }
  if (list.dataset.of === "scheduled") connection.on("scheduled-changed", refresh)
  else connection.on("reminder", refresh)
  // Nobody tells again what was told before this page listened, or while there was no connection.
  connection.on("online", async () => {
    const page = await fetchDocument(location.href)
    const now = page && entries(page)
    // Once for each state: should the page never show it, it isn't loaded without end.
    if (!now || now === entries(document) || now === sessionStorage.getItem(RELOADED_KEY)) return
    sessionStorage.setItem(RELOADED_KEY, now)
    refresh()
  })
}

/** Returns a page's entries as a text, without what scripts change in them. */
function entries(page) {
  const of = (entry) => [entry.dataset.id, entry.className, entry.querySelector("time").dateTime, entry.querySelector(".later-text")?.textContent]
  return [...page.querySelectorAll(".later[data-id]")].map((entry) => of(entry).join()).sort().join()
}
