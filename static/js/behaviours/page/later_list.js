import { connection } from "../../lib/connection/connection.js"

/** Shows the page of scheduled messages or reminders anew when one changes, but not under somebody who is writing on it. */
export function mount(list) {
  const refresh = () => {
    const writing = document.activeElement?.matches("input, textarea") || document.querySelector("dialog[open]")
    if (!writing && !connection.submitting) location.reload()
  }
  if (list.dataset.of === "scheduled") connection.on("scheduled-changed", refresh)
  else connection.on("reminder", refresh)
}
