import { part } from "../lib/dom.js"
import { replace } from "../lib/text.js"
import { format } from "../models/formatting.js"

const KEYS = { b: "bold", i: "italic", e: "code" }

/** Markdown by buttons, and by Ctrl-B, Ctrl-I and Ctrl-E. */
export function mount(button) {
  const bar = part(button.form, "formats")
  const text = part(button.form, "text")
  const apply = (kind) => {
    const { value, selectionStart, selectionEnd } = text
    replace(text, format(kind, value, selectionStart, selectionEnd))
  }

  button.addEventListener("click", () => {
    bar.hidden = !bar.hidden
    button.setAttribute("aria-expanded", String(!bar.hidden))
  })
  bar.addEventListener("click", (event) => {
    const kind = event.target.closest("[data-format]")?.dataset.format
    if (kind) apply(kind)
  })
  text.addEventListener("keydown", (event) => {
    const kind = KEYS[event.key.toLowerCase()]
    if (!kind || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return
    event.preventDefault()
    apply(kind)
  })
}
