/** Emoji of which `mostUsed` decides: habits of long ago give way. */
const MAX_REMEMBERED = 60

/** The emoji last used, newest first, after one more. */
export function remember(history, emoji) {
  return [emoji, ...history].slice(0, MAX_REMEMBERED)
}

/** The `most` emoji used most, of those used alike the newest first; padded with common ones. */
export function mostUsed(history, common, most) {
  const uses = new Map()
  for (const emoji of history) uses.set(emoji, (uses.get(emoji) ?? 0) + 1)
  const used = [...uses.keys()].sort((one, other) => uses.get(other) - uses.get(one))
  return [...new Set([...used, ...common])].slice(0, most)
}
