/** Shows the name of an emoji whose picture is gone: what a browser shows of a missing picture isn't always that. */
export function mount(element) {
  element.addEventListener("error", ({ target }) => target.matches("img.emoji") && target.replaceWith(target.alt), { capture: true })
  // Of those that failed before the script ran.
  for (const image of element.querySelectorAll("img.emoji")) if (image.complete && !image.naturalWidth) image.replaceWith(image.alt)
}
