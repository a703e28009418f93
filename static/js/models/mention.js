import { score } from "./jump.js"

/** The `@name` that is being typed at the caret: {start, query}, or null; of a display name too. As in `messaging.rendering.names`, it may stand
 * behind anything but an ASCII letter, digit or sign of a username: Chinese and Japanese have no blanks between words. */
export function mentionAt(text, caret) {
  const match = /(^|[^A-Za-z0-9_.@\uff20-])[@\uff20]([\p{L}\p{M}\p{N}_.-]{0,32})$/u.exec(text.slice(Math.max(0, caret - 40), caret))
  return match ? { start: caret - match[2].length - 1, query: match[2] } : null
}

/** People ({username, display_name, online}) whom the query may mean, those who are here first. */
export function candidates(people, query, limit = 6) {
  const points = (person) => Math.max(score(person.username, query), score(person.display_name, query))
  return people
    .map((person) => ({ person, points: points(person) }))
    .filter((found) => found.points > 0)
    .sort((one, other) => other.points - one.points || Number(other.person.online) - Number(one.person.online))
    .slice(0, limit)
    .map((found) => found.person)
}

/** The text with the mention completed, and where the caret then stands. */
export function complete(text, caret, mention, username) {
  const before = `${text.slice(0, mention.start)}@${username} `
  return { text: before + text.slice(caret).replace(/^ /, ""), caret: before.length }
}
