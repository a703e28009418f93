import { showPart } from "../../lib/page/part_dialog.js"

/** Opens the earlier texts of a message in a dialog; the link is their page. */
export function mount(element) {
  const dialog = document.getElementById("history-dialog")
  element.addEventListener("click", (event) => {
    const link = event.target.closest('[data-part="edited"]')
    if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    showPart(dialog, link.href)
  })
}
