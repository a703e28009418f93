/** The text of a message's HTML, a line for each block and break. The HTML takes effect nowhere. */
export function plainText(html) {
  const { body } = new DOMParser().parseFromString(html, "text/html")
  for (const line of body.querySelectorAll("br")) line.replaceWith("\n")
  for (const picture of body.querySelectorAll("img")) picture.replaceWith(picture.alt)
  // The server's HTML has a line's end behind each block.
  return body.textContent.replace(/\n{2,}/g, "\n").trim()
}
