/** Puts a changed text ({text, start, end}) into a field, with its selection, and tells whoever listens. */
export function replace(field, { text, start, end }) {
  field.value = text
  field.focus()
  field.setSelectionRange(start, end)
  field.dispatchEvent(new InputEvent("input", { bubbles: true }))
}

export function insert(field, words) {
  const { value, selectionStart, selectionEnd } = field
  const at = selectionStart + words.length
  replace(field, { text: value.slice(0, selectionStart) + words + value.slice(selectionEnd), start: at, end: at })
}
