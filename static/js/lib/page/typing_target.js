const TYPED_INTO = "input, textarea, select, [contenteditable]"

/** Whether a key was pressed where people type: letters are no shortcuts there. */
export function isTyping(event) {
  return event.target instanceof Element && event.target.closest(TYPED_INTO) !== null
}
