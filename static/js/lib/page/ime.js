/**
 * Whether an input method takes this key for the word that it composes: Enter accepts its proposal then, arrows choose
 * one. Safari ends the composition before it sends that Enter, and marks it by keyCode 229 alone.
 */
function isComposing(event) {
  return event.isComposing || event.keyCode === 229
}

/** Hides composing keys from every listener of the page, by a capturing listener on the window, which runs before them. */
export function ignoreComposingKeys() {
  for (const name of ["keydown", "keyup"]) {
    addEventListener(name, (event) => isComposing(event) && event.stopImmediatePropagation(), { capture: true })
  }
}
