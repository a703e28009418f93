import { score } from "./name_match.js"

/**
 * Finds the `@name` that is being typed at the caret: {start, query} or null; the name may be a display name. It may stand
 * behind anything but an ASCII letter, digit or sign of a username, since Chinese and Japanese have no blanks between words.
 * `messaging/rendering` follows the same rule.
 */
export function mentionAt(text, caret) {
  const match = /(^|[^A-Za-z0-9_.@\uff20-])[@\uff20]([\p{L}\p{M}\p{N}_.-]{0,32})$/u.exec(text.slice(Math.max(0, caret - 40), caret))
  return match ? { start: caret - match[2].length - 1, query: match[2] } : null
}

/** The people ({username, display_name, online}) whose names match the query; of equals, those who are online first. */
export function mentionCandidates(people, query, limit = 6) {
  const points = (person) => Math.max(score(person.username, query), score(person.display_name, query))
  return people
    .map((person) => ({ person, points: points(person) }))
    .filter((found) => found.points > 0)
    .sort((one, other) => other.points - one.points || Number(other.person.online) - Number(one.person.online))
    .slice(0, limit)
    .map((found) => found.person)
}

/** Completes a mention; returns the text and its new caret. */
export function completeMention(text, caret, mention, username) {
  return completeWord(text, caret, mention, `@${username} `)
}

/** Puts a word that ends in a space in the place of what is being typed; returns the text and its new caret. */
export function completeWord(text, caret, { start }, word) {
  const before = text.slice(0, start) + word
  return { text: before + text.slice(caret).replace(/^ /, ""), caret: before.length }
}
