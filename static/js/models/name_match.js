import { fold } from "./fold.js"

/** Scores how a name matches a query: 3 at its beginning, 2 at a word's beginning, 1 anywhere, 0 not at all. */
export function score(name, query) {
  const text = fold(name)
  const wanted = fold(query).replace(/^[#@]/, "")
  if (!wanted || text.startsWith(wanted)) return 3
  if (new RegExp(`[\\s_.-]${wanted.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}`).test(text)) return 2
  return text.includes(wanted) ? 1 : 0
}

/** The items ({name, alias?, unread?, mentions?}) that match a query, best first; of equals, mentions and unread first. */
export function rank(items, query, limit = 12) {
  const bestScore = (item) => Math.max(score(item.name, query), item.alias ? score(item.alias, query) : 0)
  return items
    .map((item, place) => ({ item, place, points: bestScore(item) }))
    .filter(({ points }) => points > 0)
    .sort((one, other) => other.points - one.points || urgency(other.item) - urgency(one.item) || one.place - other.place)
    .slice(0, limit)
    .map(({ item }) => item)
}

function urgency({ mentions = 0, unread = 0 }) {
  return (mentions > 0 ? 2 : 0) + (unread > 0 ? 1 : 0)
}
