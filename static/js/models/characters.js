/** How long a text is as the server counts: in characters, of which some are two units of a JavaScript string. */
export function characters(text) {
  let count = 0
  for (const _ of text) count += 1
  return count
}

/** "10,250 characters are 250 too many. …", or nothing for a text that isn't too long. */
export function tooLong(text, most) {
  if (text.length <= most) return ""
  const count = characters(text)
  if (count <= most) return ""
  const say = (number) => number.toLocaleString()
  return `${say(count)} characters are ${say(count - most)} too many for one message: shorten it, or send it in parts.`
}
