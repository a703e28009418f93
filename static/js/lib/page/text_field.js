/** Replaces a field's text and selection by {text, start, end}, and dispatches "input" as typing does. */
export function replaceText(field, { text, start, end }) {
  field.value = text
  field.focus()
  field.setSelectionRange(start, end)
  field.dispatchEvent(new InputEvent("input", { bubbles: true }))
}

/** Inserts a text at the caret, in place of the selection. */
export function insertText(field, inserted) {
  const { value, selectionStart, selectionEnd } = field
  const caret = selectionStart + inserted.length
  replaceText(field, { text: value.slice(0, selectionStart) + inserted + value.slice(selectionEnd), start: caret, end: caret })
}
