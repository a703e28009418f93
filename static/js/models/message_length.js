/** Counts characters (code points) as the server does; some are two units of a JavaScript string. */
export function countCharacters(text) {
  let count = 0
  for (const _ of text) count += 1
  return count
}

/** "10,250 characters are 250 too many. …" for a text of more than `most` characters; otherwise "". */
export function lengthError(text, most) {
  if (text.length <= most) return ""
  const count = countCharacters(text)
  if (count <= most) return ""
  const format = (number) => number.toLocaleString()
  return `${format(count)} characters are ${format(count - most)} too many for one message: shorten it, or send it in parts.`
}
