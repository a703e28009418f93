import { placing } from "../models/timeline.js"
import { dayName } from "./dates.js"
import { dressMentions, fill, build, tell } from "./message_view.js"

/** The rows of the log, oldest first, with the lines between them. */
export class MessageList {
  constructor(element) {
    this.element = element
    for (const row of this.rows()) {
      tell(row)
      dressMentions(row)
    }
    this.arrangeAll()
  }

  rows() {
    return [...this.element.querySelectorAll(":scope > .message")]
  }

  row(id) {
    return document.getElementById(`message-${id}`)
  }

  bySeq(seq) {
    return this.element.querySelector(`:scope > .message[data-seq="${Number(seq)}"]`)
  }

  /** The message above a row; null where none is loaded. */
  before(row) {
    let above = row.previousElementSibling
    while (above && !above.matches(".message")) above = above.previousElementSibling
    return above
  }

  get first() {
    return this.element.querySelector(":scope > .message")
  }

  get last() {
    return this.rows().at(-1)
  }

  /** A message at its place by `seq`; one that is here already is brought up to date. */
  put(message) {
    const known = this.row(message.id)
    if (known) {
      fill(known, message)
      return known
    }
    const row = build(message)
    row.dataset.seq = message.seq
    const above = this.#above(message.seq)
    if (above) above.after(row)
    else this.element.prepend(row)
    this.arrange(row)
    this.arrange(this.#next(row))
    return row
  }

  /** An older page: messages, newest first. */
  prepend(messages) {
    const before = this.first
    const rows = messages.filter((message) => !this.row(message.id)).reverse().map((message) => {
      const row = build(message)
      row.dataset.seq = message.seq
      return row
    })
    this.element.prepend(...rows)
    for (const row of [...rows, before]) this.arrange(row)
  }

  /** Beyond `most` rows, lets the older half go; whether there was anything to do. */
  trim(most) {
    const rows = this.rows()
    if (rows.length <= most) return false
    const first = rows.at(-most / 2)
    while (this.element.firstElementChild !== first) this.element.firstElementChild.remove()
    this.arrange(first)
    return true
  }

  update(message) {
    const row = this.row(message.id)
    if (row) fill(row, message)
  }

  /** The "New" line above a row; none without one. */
  markNew(row) {
    const old = this.element.querySelector(":scope > .new-line")
    const below = old?.nextElementSibling
    old?.remove()
    if (row) {
      const line = document.createElement("li")
      line.className = "new-line"
      line.id = "new"
      const word = document.createElement("span")
      word.textContent = "New"
      line.append(word)
      row.before(line)
      this.arrange(row)
    }
    if (below?.matches(".message")) this.arrange(below)
  }

  arrangeAll() {
    for (const line of this.element.querySelectorAll(":scope > .day")) line.remove()
    for (const row of this.rows()) this.arrange(row)
  }

  /** "Today" is another day after midnight. */
  renameDays() {
    for (const line of this.element.querySelectorAll(":scope > .day")) line.querySelector("h2").textContent = dayName(line.dataset.day)
  }

  /** The day line above a row, and whether it goes on under the header of the one above. */
  arrange(row) {
    if (!row) return
    let line = row.previousElementSibling
    const fresh = line?.matches(".new-line") ? line : null
    if (fresh) line = fresh.previousElementSibling
    const day = line?.matches(".day") ? line : null
    const above = day ? day.previousElementSibling : line
    const place = placing(above && facts(above), facts(row), Boolean(fresh))
    row.classList.toggle("continued", place.continued)
    if (day && day.dataset.day !== place.day) day.remove()
    if (place.day && day?.dataset.day !== place.day) (fresh ?? row).before(dayLine(place.day))
  }

  #above(seq) {
    return this.rows().findLast((row) => Number(row.dataset.seq) < seq)
  }

  #next(row) {
    let next = row.nextElementSibling
    while (next && !next.matches(".message")) next = next.nextElementSibling
    return next
  }
}

function facts(row) {
  return { user: row.dataset.user, at: row.dataset.at, reply: !row.querySelector("[data-part=quote]").hidden }
}

function dayLine(day) {
  const line = document.createElement("li")
  line.className = "day"
  line.dataset.day = day
  const heading = document.createElement("h2")
  heading.textContent = dayName(day)
  line.append(heading)
  return line
}
