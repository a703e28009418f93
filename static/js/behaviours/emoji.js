import { part } from "../lib/dom.js"
import { EMOJI } from "../models/emoji.js"
import { insert } from "../lib/text.js"

/** A small picker of the common ones. */
export function mount(button) {
  const form = button.form
  const picker = part(form, "emoji")
  const text = part(form, "text")

  const show = (open) => {
    if (open && !picker.children.length) picker.append(...EMOJI.map(choice))
    picker.hidden = !open
    button.setAttribute("aria-expanded", String(open))
    if (open) picker.querySelector("button").focus()
  }

  button.addEventListener("click", () => show(picker.hidden))
  picker.addEventListener("click", (event) => {
    const emoji = event.target.closest("button")
    if (!emoji) return
    show(false)
    insert(text, emoji.textContent)
  })
  picker.addEventListener("keydown", (event) => move(event, picker) || (event.key === "Escape" && (show(false), button.focus())))
  document.addEventListener("pointerdown", (event) => !picker.hidden && !picker.contains(event.target) && !button.contains(event.target) && show(false))
}

function choice([character, name]) {
  const button = document.createElement("button")
  button.type = "button"
  button.textContent = character
  button.title = name
  button.setAttribute("aria-label", name)
  return button
}

function move(event, picker) {
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -8, ArrowDown: 8 }[event.key]
  if (!step) return false
  event.preventDefault()
  const all = [...picker.children]
  all[all.indexOf(document.activeElement) + step]?.focus()
  return true
}
