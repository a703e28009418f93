/**
 * Whether a key belongs to an input method that composes a word: Enter takes its proposal then, arrows choose one. Safari
 * ends the composition before the Enter that ended it, and tells such keys by 229 alone.
 */
function composes(event) {
  return event.isComposing || event.keyCode === 229
}

/** No listener of any field hears of such keys. In a capture at the window, it comes before all of them. */
export function guardKeys() {
  for (const name of ["keydown", "keyup"]) {
    addEventListener(name, (event) => composes(event) && event.stopImmediatePropagation(), { capture: true })
  }
}
