import { singleKeys } from "../../lib/page/single_keys.js"
import { isTyping } from "../../lib/page/typing_target.js"

/** Opens the list of keys by "?", and by what the page marks with `data-keys`. */
export function mount(dialog) {
  if (/mac|iphone|ipad/i.test(navigator.platform)) for (const key of dialog.querySelectorAll("kbd")) if (key.textContent === "Ctrl") key.textContent = "⌘"
  const open = () => document.querySelector("dialog[open]") || dialog.showModal()
  if (singleKeys) addEventListener("keydown", (event) => {
    if (event.key !== "?" || event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return
    event.preventDefault()
    open()
  })
  for (const button of document.querySelectorAll("[data-keys]")) button.addEventListener("click", open)
}
