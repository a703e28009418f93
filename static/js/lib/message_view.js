import { bareClock, clock, fully } from "./dates.js"
import { copyOf, dress, part } from "./dom.js"
import { me } from "./me.js"
import { fillHandle, introduce, isAlike } from "./signs.js"

const template = document.getElementById("message-template")

/** A new row for a message: the server's own markup out of <template>, filled in. */
export function build(message) {
  const row = copyOf(template)
  row.id = `message-${message.id}`
  row.dataset.user = message.sender.username
  row.dataset.at = message.created_at
  row.dataset.client = message.client_id
  dress(part(row, "avatar"), message.sender)
  introduce(row, message.sender)
  fillHandle(part(row, "handle"), message.sender)
  part(row, "person").href = `/people/${message.sender.username}`
  tell(row)
  fill(row, message)
  return row
}

/** What an edit or a deletion changes. */
export function fill(row, message) {
  row.dataset.id = message.id
  row.classList.toggle("deleted", message.deleted)
  part(row, "link").href = link(message.room, message.id)
  part(row, "edited").hidden = !message.edited_at || message.deleted
  fillBody(row, message)
  fillQuote(row, message)
  dressMentions(row)
}

/** Times in the reader's zone and language. */
export function tell(row) {
  const { at } = row.dataset
  part(row, "time").dateTime = at
  part(row, "time").textContent = clock(at)
  part(row, "side-time").textContent = bareClock(at)
  part(row, "link").title = fully(at)
}

export function link(room, id) {
  return `/chat/${room}/message/${id}`
}

/** My own name stands out, and so does a message of somebody else's that holds it. */
export function dressMentions(row) {
  const mine = row.querySelectorAll(`.mention[data-user="${CSS.escape(me)}"]`)
  for (const mention of mine) mention.classList.add("me")
  for (const block of part(row, "body").querySelectorAll("blockquote, ul, ol")) block.dir = "auto"
  row.classList.toggle("mentions-me", mine.length > 0 && row.dataset.user !== me)
}

function fillBody(row, message) {
  const body = part(row, "body")
  if (message.deleted) {
    const words = document.createElement("p")
    words.className = "tombstone"
    words.textContent = "This message was deleted."
    body.replaceChildren(words)
  } else if (message.html === undefined) {
    body.textContent = message.body
    body.classList.add("plain")
  } else {
    // The server's safe rendering, the one place where markup is taken as such.
    body.innerHTML = message.html
    body.classList.remove("plain")
  }
}

function fillQuote(row, { room, reply_to: answered }) {
  const quote = part(row, "quote")
  quote.hidden = !answered
  if (!answered) return
  quote.href = link(room, answered.id)
  const { username, display_name: name } = answered.sender
  part(quote, "quote-name").textContent = name
  part(quote, "quote-name").title = username ? `@${username}` : ""
  fillHandle(part(quote, "quote-username"), answered.sender)
  part(quote, "quote-username").classList.toggle("visually-hidden", !isAlike(username))
  part(quote, "quote-body").textContent = answered.body || "message deleted"
}
