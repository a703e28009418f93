/** Has a screen reader say some words; nothing is seen of them. */
export function announce(words) {
  document.getElementById("announcer").textContent = words
}
