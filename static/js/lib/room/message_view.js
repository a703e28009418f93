import { isEmojiOnly } from "../../models/emoji_only.js"
import { formatCompactTime, formatFullDate, formatShortDate, formatTime } from "../page/dates.js"
import { cloneTemplate, part } from "../page/dom.js"
import { me } from "../page/me.js"
import { renderAvatar } from "../people/avatar.js"
import { isLookalike, renderName, renderUsername } from "../people/names.js"
import { fillFiles, firstNameIn } from "./files.js"
import { fillLinkPreviews } from "./link_previews.js"
import { insertPart } from "./message_parts.js"
import { fillReactions } from "./reactions.js"

const template = document.getElementById("message-template")
const forwardedTemplate = document.getElementById("forwarded-template")

/** Builds a row for a message: a copy of the server's own markup in <template>, filled in. */
export function buildMessage(message) {
  const row = cloneTemplate(template)
  row.id = `message-${message.id}`
  row.dataset.user = message.sender.username
  row.dataset.at = message.created_at
  row.dataset.client = message.client_id
  renderAvatar(part(row, "avatar"), message.sender)
  renderName(row, message.sender)
  renderUsername(part(row, "handle"), message.sender)
  part(row, "person").href = `/people/${message.sender.username}`
  localizeTimes(row)
  fillMessage(row, message)
  return row
}

/** Fills in all that an edit or a deletion changes. */
export function fillMessage(row, message) {
  row.dataset.id = message.id
  row.classList.toggle("deleted", message.deleted)
  part(row, "link").href = permalink(message.room, message.id)
  part(row, "edited").href = `${permalink(message.room, message.id)}/history`
  part(row, "edited").hidden = !message.edited_at || message.deleted
  fillBody(row, message)
  fillQuote(row, message)
  fillForwarded(row, message)
  fillFiles(row, message)
  fillLinkPreviews(row, message)
  fillReactions(row, message)
  decorateBody(row)
}

/** Writes a row's times in the reader's zone and language. */
export function localizeTimes(row) {
  const { at } = row.dataset
  part(row, "time").dateTime = at
  part(row, "time").textContent = formatTime(at)
  part(row, "side-time").textContent = formatCompactTime(at)
  part(row, "link").title = formatFullDate(at)
  const forwarded = part(row, "forwarded-time")
  if (forwarded) localizeForwarded(forwarded)
}

/** The text of a row's message, or where it has none the text that it forwards. */
export function wordsOf(row) {
  return part(row, "body").innerText.trim() || part(row, "forwarded-body")?.innerText.trim() || ""
}

/** What tells a row's message to people: its words, else the name of its first file. */
export function textOf(row) {
  return wordsOf(row) || firstNameIn(row)
}

export function permalink(room, id) {
  return `/chat/${room}/message/${id}`
}

/**
 * Highlights mentions of the reader, and the message of somebody else that holds one; gives each block its own text
 * direction.
 */
export function decorateBody(row) {
  const mine = `.mention:is([data-user="${CSS.escape(me)}"], [data-call])`
  for (const mention of row.querySelectorAll(mine)) mention.classList.add("me")
  for (const block of row.querySelectorAll(":is([data-part=body], [data-part=forwarded-body]) :is(blockquote, ul, ol)")) block.dir = "auto"
  // What is forwarded mentions nobody here.
  const ownMentions = part(row, "body").querySelectorAll(mine)
  row.classList.toggle("mentions-me", ownMentions.length > 0 && row.dataset.user !== me)
}

function fillBody(row, message) {
  const body = part(row, "body")
  if (message.deleted) {
    const tombstone = document.createElement("p")
    tombstone.className = "tombstone"
    tombstone.textContent = "This message was deleted."
    body.replaceChildren(tombstone)
  } else if (message.html === undefined) {
    body.textContent = message.body
    body.classList.add("plain")
    body.classList.toggle("emoji-only", isEmojiOnly(message.body))
  } else {
    // eslint-disable-next-line no-restricted-syntax -- the server's sanitised rendering, the only markup that a script inserts
    body.innerHTML = message.html
    body.classList.remove("plain", "emoji-only")
  }
}

function fillQuote(row, { room, reply_to: quoted }) {
  const quote = part(row, "quote")
  quote.hidden = !quoted
  if (!quoted) return
  quote.href = permalink(room, quoted.id)
  const { username, display_name: name } = quoted.sender
  part(quote, "quote-name").textContent = name
  part(quote, "quote-name").title = username ? `@${username}` : ""
  renderUsername(part(quote, "quote-username"), quoted.sender)
  part(quote, "quote-username").classList.toggle("visually-hidden", !isLookalike(username))
  part(quote, "quote-body").textContent = quoted.body || "message deleted"
}

function fillForwarded(row, { forwarded: copy }) {
  part(row, "forwarded")?.remove()
  if (!copy) return
  const figure = cloneTemplate(forwardedTemplate)
  const { username, display_name: name } = copy.sender
  part(figure, "forwarded-name").textContent = name
  part(figure, "forwarded-name").title = `@${username}`
  renderUsername(part(figure, "forwarded-username"), copy.sender)
  part(figure, "forwarded-username").classList.toggle("visually-hidden", !isLookalike(username))
  if (copy.id) part(figure, "forwarded-link").href = permalink(copy.room, copy.id)
  part(figure, "forwarded-time").dateTime = copy.created_at
  localizeForwarded(part(figure, "forwarded-time"))
  // eslint-disable-next-line no-restricted-syntax -- the server's sanitised rendering, as it was stored with the message
  part(figure, "forwarded-body").innerHTML = copy.html
  insertPart(row, "forwarded", figure)
}

function localizeForwarded(time) {
  time.textContent = formatShortDate(time.dateTime)
  time.title = formatFullDate(time.dateTime)
}
