import { part } from "../../lib/page/dom.js"
import { replaceText } from "../../lib/page/text_field.js"
import { format } from "../../models/formatting.js"

const SHORTCUTS = { b: "bold", i: "italic", e: "code" }

/** Formats the selection as markdown, by the buttons of a bar and by Ctrl-B, Ctrl-I and Ctrl-E. */
export function mount(button) {
  const bar = part(button.form, "formats")
  const field = part(button.form, "text")
  const apply = (kind) => {
    const { value, selectionStart, selectionEnd } = field
    replaceText(field, format(kind, value, selectionStart, selectionEnd))
  }

  button.addEventListener("click", () => {
    bar.hidden = !bar.hidden
    button.setAttribute("aria-expanded", String(!bar.hidden))
  })
  bar.addEventListener("click", (event) => {
    const kind = event.target.closest("[data-format]")?.dataset.format
    if (kind) apply(kind)
  })
  field.addEventListener("keydown", (event) => {
    const kind = SHORTCUTS[event.key.toLowerCase()]
    if (!kind || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return
    event.preventDefault()
    apply(kind)
  })
}
