import { pageData, part } from "../page/dom.js"

/** Marks of those who run the site ({label, words} by username), and the usernames of people whose name looks like another's. */
const { marks = {}, alike = [] } = pageData("room-data")?.signs ?? {}
const markByUsername = new Map(Object.entries(marks))
const lookalikes = new Set(alike)

export function isLookalike(username) {
  return lookalikes.has(username)
}

/** " @ada" for a person whose display name is not their username; otherwise, and for a person without a username, "". */
export function usernameSuffix({ username, display_name }) {
  return username && username !== display_name ? ` @${username}` : ""
}

/** The display name; of a person whose name looks like another's, with the username behind it. */
export function distinctName(person) {
  return person.display_name + (isLookalike(person.username) ? usernameSuffix(person) : "")
}

/** Fills a person's name, username and mark into a row of the page. */
export function renderName(row, person) {
  part(row, "name").textContent = person.display_name
  renderUsername(part(row, "username"), person)
  row.classList.toggle("alike", isLookalike(person.username))
  const mark = markByUsername.get(person.username)
  const tag = part(row, "mark")
  tag.hidden = !mark
  if (!mark) return
  tag.title = mark.words[0].toUpperCase() + mark.words.slice(1)
  part(tag, "mark-label").textContent = mark.label
  part(tag, "mark-words").textContent = mark.words
}

/** Fills in a person's username behind their name; hides the element where it says the same. */
export function renderUsername(element, person) {
  const text = usernameSuffix(person)
  element.textContent = text
  element.hidden = !text
}
