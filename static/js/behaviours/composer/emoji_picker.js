import { part } from "../../lib/page/dom.js"
import { insertText } from "../../lib/page/text_field.js"
import { EMOJI } from "../../models/emoji.js"

/** Opens a small picker of common emoji, and inserts the chosen one. */
export function mount(button) {
  const form = button.form
  const picker = part(form, "emoji")
  const field = part(form, "text")

  const show = (open) => {
    if (open && !picker.children.length) picker.append(...EMOJI.map(buildChoice))
    picker.hidden = !open
    button.setAttribute("aria-expanded", String(open))
    if (open) picker.querySelector("button").focus()
  }

  button.addEventListener("click", () => show(picker.hidden))
  picker.addEventListener("click", (event) => {
    const choice = event.target.closest("button")
    if (!choice) return
    show(false)
    insertText(field, choice.textContent)
  })
  picker.addEventListener("keydown", (event) => moveFocus(event, picker) || (event.key === "Escape" && (show(false), button.focus())))
  document.addEventListener("pointerdown", (event) => !picker.hidden && !picker.contains(event.target) && !button.contains(event.target) && show(false))
}

function buildChoice([character, name]) {
  const choice = document.createElement("button")
  choice.type = "button"
  choice.textContent = character
  choice.title = name
  choice.setAttribute("aria-label", name)
  return choice
}

/** Moves the focus by an arrow key, in rows of eight; returns whether it was one. */
function moveFocus(event, picker) {
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -8, ArrowDown: 8 }[event.key]
  if (!step) return false
  event.preventDefault()
  const choices = [...picker.children]
  choices[choices.indexOf(document.activeElement) + step]?.focus()
  return true
}
