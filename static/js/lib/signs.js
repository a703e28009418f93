import { pageData, part } from "./dom.js"

/** What the server told with the page: who wears which mark ({label, words}), and who has a name like another's. */
const { marks = {}, alike = [] } = pageData("room-data")?.signs ?? {}
const markOf = new Map(Object.entries(marks))
const lookAlike = new Set(alike)

export function isAlike(username) {
  return lookAlike.has(username)
}

/** " @ada" for somebody whose name says something else; else nothing, and nothing for somebody without a username. */
export function handle({ username, display_name }) {
  return username && username !== display_name ? ` @${username}` : ""
}

/** Puts a person's name, username and mark on a row of the page. */
export function introduce(row, person) {
  part(row, "name").textContent = person.display_name
  fillHandle(part(row, "username"), person)
  row.classList.toggle("alike", isAlike(person.username))
  const mark = markOf.get(person.username)
  const tag = part(row, "mark")
  tag.hidden = !mark
  if (!mark) return
  tag.title = mark.words[0].toUpperCase() + mark.words.slice(1)
  part(tag, "mark-label").textContent = mark.label
  part(tag, "mark-words").textContent = mark.words
}

export function fillHandle(element, person) {
  const text = handle(person)
  element.textContent = text
  element.hidden = !text
}
