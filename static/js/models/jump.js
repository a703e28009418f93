import { fold } from "./fold.js"

/** How well a name answers what was typed: 3 its beginning, 2 a word's beginning, 1 somewhere, 0 not at all. */
export function score(name, query) {
  const text = fold(name)
  const wanted = fold(query).replace(/^[#@]/, "")
  if (!wanted || text.startsWith(wanted)) return 3
  if (new RegExp(`[\\s_.-]${wanted.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}`).test(text)) return 2
  return text.includes(wanted) ? 1 : 0
}

/** Items ({name, also?, unread?}) that answer the query, the best first, and the unread before the quiet. */
export function rank(items, query, limit = 12) {
  const best = (item) => Math.max(score(item.name, query), item.also ? score(item.also, query) : 0)
  return items
    .map((item, place) => ({ item, place, points: best(item) }))
    .filter(({ points }) => points > 0)
    .sort((one, other) => other.points - one.points || weight(other.item) - weight(one.item) || one.place - other.place)
    .slice(0, limit)
    .map(({ item }) => item)
}

function weight(item) {
  return some(item.mentions) * 2 + some(item.unread)
}

function some(count) {
  return count > 0 ? 1 : 0
}
