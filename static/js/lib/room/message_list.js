import { placement } from "../../models/timeline.js"
import { dayName } from "../page/dates.js"
import { buildMessage, decorateBody, fillMessage, localizeTimes } from "./message_view.js"

/** The rows of the log, oldest first, with the day lines and the "New" line between them. */
export class MessageList {
  constructor(element) {
    this.element = element
    for (const row of this.rows()) {
      localizeTimes(row)
      decorateBody(row)
    }
    this.arrangeAll()
  }

  rows() {
    return [...this.element.querySelectorAll(":scope > .message")]
  }

  row(id) {
    return document.getElementById(`message-${id}`)
  }

  rowBySeq(seq) {
    return this.element.querySelector(`:scope > .message[data-seq="${Number(seq)}"]`)
  }

  /** The message above a row; null where none is loaded. */
  rowAbove(row) {
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

  /** Inserts a message at its place by `seq`, or updates its row; returns the row. */
  upsert(message) {
    const known = this.row(message.id)
    if (known) {
      fillMessage(known, message)
      return known
    }
    const row = this.#build(message)
    const above = this.#rowBefore(message.seq)
    if (above) above.after(row)
    else this.element.prepend(row)
    this.arrange(row)
    this.arrange(this.#rowBelow(row))
    return row
  }

  /** Inserts an older page at the top; `messages` are newest first. */
  prepend(messages) {
    const oldFirst = this.first
    const rows = messages.filter((message) => !this.row(message.id)).reverse().map((message) => this.#build(message))
    this.element.prepend(...rows)
    for (const row of [...rows, oldFirst]) this.arrange(row)
  }

  /** Removes the older half of more than `most` rows; returns whether there were more. */
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
    if (row) fillMessage(row, message)
  }

  /** Moves the "New" line above a row; null removes it. */
  markNew(row) {
    const old = this.element.querySelector(":scope > .new-line")
    const below = old?.nextElementSibling
    old?.remove()
    if (row) {
      row.before(newLine())
      this.arrange(row)
    }
    if (below?.matches(".message")) this.arrange(below)
  }

  arrangeAll() {
    for (const line of this.element.querySelectorAll(":scope > .day")) line.remove()
    for (const row of this.rows()) this.arrange(row)
  }

  /** Renames the day lines: "Today" is "Yesterday" after midnight. */
  renameDays() {
    for (const line of this.element.querySelectorAll(":scope > .day")) line.querySelector("h2").textContent = dayName(line.dataset.day)
  }

  /** Sets whether a row continues the one above it, and adds or removes the day line between them. */
  arrange(row) {
    if (!row) return
    let line = row.previousElementSibling
    const newLineAbove = line?.matches(".new-line") ? line : null
    if (newLineAbove) line = newLineAbove.previousElementSibling
    const day = line?.matches(".day") ? line : null
    const above = day ? day.previousElementSibling : line
    const place = placement(above && timelineEntry(above), timelineEntry(row), Boolean(newLineAbove))
    row.classList.toggle("continued", place.continued)
    if (day && day.dataset.day !== place.day) day.remove()
    if (place.day && day?.dataset.day !== place.day) (newLineAbove ?? row).before(dayLine(place.day))
  }

  #build(message) {
    const row = buildMessage(message)
    row.dataset.seq = message.seq
    return row
  }

  #rowBefore(seq) {
    return this.rows().findLast((row) => Number(row.dataset.seq) < seq)
  }

  #rowBelow(row) {
    let below = row.nextElementSibling
    while (below && !below.matches(".message")) below = below.nextElementSibling
    return below
  }
}

/** The {user, at, reply} of a row, for `placement`. */
function timelineEntry(row) {
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

function newLine() {
  const line = document.createElement("li")
  line.className = "new-line"
  line.id = "new"
  const word = document.createElement("span")
  word.textContent = "New"
  line.append(word)
  return line
}
