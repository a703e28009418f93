import { connection } from "../../lib/connection/connection.js"
import { fetchDocument } from "../../lib/connection/fetch_document.js"

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
    if (page && entries(page) !== entries(document)) refresh()
  })
}

/** Returns which entries a page has, with their states, as a text. */
const entries = (page) => [...page.querySelectorAll(".later[data-id]")].map(({ className, dataset }) => `${dataset.id} ${className}`).join()
