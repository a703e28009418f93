/** Of an emoji's short names the one that begins with what is typed, or the first. */
export function shortNameFor(row, typed) {
  return row.shortNames.find((name) => name.startsWith(typed.toLowerCase())) ?? row.shortNames[0]
}

/** The emoji in a skin tone of 1 to 5; as it is without one, or where it has none. */
export function inTone(row, tone) {
  return row.tones[tone - 1] ?? row.emoji
}

/** Finds the `:name` that is being typed at the caret: {start, query} or null. */
export function emojiNameAt(text, caret) {
  const match = /(^|[^\p{L}\p{N}:/])(:[a-z0-9_+-]{2,40})$/iu.exec(text.slice(Math.max(0, caret - 48), caret))
  return match ? { start: caret - match[2].length, query: match[2].slice(1) } : null
}
