/** Says something to a screen reader, and to nobody else. */
export function speak(words) {
  document.querySelector("[data-behaviour=announce]").textContent = words
}
