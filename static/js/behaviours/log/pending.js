import { connection } from "../../lib/connection/connection.js"
import { isKept, outbox, outboxEvents } from "../../lib/connection/outbox.js"
import { discardUpload, uploadEvents, uploads } from "../../lib/connection/uploads.js"
import { part } from "../../lib/page/dom.js"
import { announce } from "../../lib/room/announce.js"
import { messagePane } from "../../lib/room/message_pane.js"
import { buildMessage } from "../../lib/room/message_view.js"
import { room } from "../../lib/room/room.js"
import { renderTiles } from "../../lib/room/upload_tiles.js"
import { placement } from "../../models/timeline.js"

const SENDING_LABEL_DELAY_MS = 400

/** Shows the reader's own messages from the moment they are sent until the room's log has them. */
export function mount(element) {
  const rows = new Map()

  const add = (entry) => {
    const row = buildMessage(asMessage(entry))
    row.removeAttribute("id")
    row.classList.add("unsent")
    const above = element.lastElementChild ?? messagePane.list.last
    const timelineEntry = ({ dataset }) => ({ user: dataset.user, at: dataset.at, reply: false })
    row.classList.toggle("continued", placement(above && timelineEntry(above), { ...timelineEntry(row), reply: Boolean(entry.reply_to) }).continued)
    rows.set(entry.client_id, row)
    element.hidden = false
    element.append(row)
  }

  const remove = (clientId) => {
    rows.get(clientId)?.remove()
    rows.delete(clientId)
    element.hidden = rows.size === 0
  }

  const update = (entry, gone) => {
    if (entry.room !== room.slug) return
    if (!rows.has(entry.client_id) && !gone) add(entry)
    const row = rows.get(entry.client_id)
    if (!row) return
    // The ack came before the log's event: the row stays until that adds the message.
    const awaitsLog = entry.stored && messagePane.attached && !messagePane.list.row(entry.stored.id)
    if (gone && !awaitsLog) remove(entry.client_id)
    else renderState(row, gone ? null : entry)
    if (gone) for (const { key } of entry.files) uploads.cancel(key)
    else renderFiles(row, entry)
  }

  outboxEvents.on("changed", update)
  for (const entry of outbox.entriesOf(room.slug)) update(entry, false)
  uploadEvents.on("changed", ({ key }) => {
    const entry = outbox.entriesOf(room.slug).find(({ files }) => files.some((file) => file.key === key))
    if (entry) renderFiles(rows.get(entry.client_id), entry)
  })
  connection.on("offline", () => outbox.entriesOf(room.slug).forEach((entry) => update(entry, false)))
  room.on("chat-message", (message) => {
    if (message.sender.username !== room.me.username) return
    outbox.settle(message.client_id)
    remove(message.client_id)
  })
}

function asMessage(entry) {
  const created_at = new Date(entry.written).toISOString()
  return { ...entry, files: [], id: "", sender: room.me, created_at, edited_at: null, deleted: false, reply_to: entry.quote }
}

/** Shows the files of an entry below its text, with how far they are. */
function renderFiles(row, entry) {
  let list = row.querySelector(".uploads")
  if (!list && !entry.files.length) return
  if (!list) {
    list = document.createElement("ul")
    list.className = "uploads"
    part(row, "body").parentElement.after(list)
  }
  const { files } = entry
  // What is on its way already goes as it is.
  renderTiles(list, files.map(({ key }) => key), (key) => entry.state !== "sending" && takeAway(key))
}

function takeAway(key) {
  const upload = uploads.cancel(key)
  if (upload) discardUpload(upload)
}

/** Shows an entry's state on its row: nothing for SENDING_LABEL_DELAY_MS, then that it is being sent, or its error. */
function renderState(row, entry) {
  const state = part(row, "state")
  clearTimeout(row.timer)
  const error = connection.status === "offline" ? null : entry?.error
  state.classList.toggle("failed", entry?.state === "failed")
  if (error) {
    // While a retry is under way, the text and the button under the pointer stay where they are.
    if (entry.state !== "sending") state.replaceChildren(...errorParts(entry))
    if (state.hidden) announce("A message was not sent")
    state.hidden = false
    return
  }
  state.replaceChildren()
  state.hidden = true
  if (!entry) return
  const waits = isKept(entry) ? "Waits for the connection" : "Waits for the connection. This browser can't keep it: leave the page open"
  const words = connection.status === "offline" ? waits : "Sending…"
  row.timer = setTimeout(() => showState(state, words), SENDING_LABEL_DELAY_MS)
}

function showState(state, words) {
  state.textContent = words
  state.hidden = false
}

const TRANSIENT_REASONS = { timeout: "the server does not answer", unavailable: "the server can't store it now", rate_limited: "that was too quick" }

/** The text and the buttons of an entry's error: failed for good, or sent again later and, by the button, at once. */
function errorParts(entry) {
  const { code, detail } = entry.error
  const words = entry.state === "failed" ? `Not sent${detail ? `: ${detail}` : ""}` : `Not sent yet, ${TRANSIENT_REASONS[code] ?? detail}. It is tried again`
  return [
    `${words} · `,
    ...(entry.error.code === "files_lost" ? [] : [buildButton("Retry", () => retry(entry)), " · "]),
    ...(entry.state === "failed" ? [buildButton("Edit", () => restore(entry)), " · "] : []),
    buildButton("Discard", () => discard(entry)),
  ]
}

/** Tries an entry again: the files that failed, or the message. */
function retry({ client_id, files }) {
  const failed = files.filter(({ error }) => error)
  for (const { key } of failed) uploads.retry(key)
  if (!failed.length) outbox.retry(client_id)
}

function discard({ client_id, files }) {
  for (const { key } of files) takeAway(key)
  outbox.discard(client_id)
}

/** Moves an entry's text, and its files that are uploaded, back into the composer. */
function restore(entry) {
  outbox.discard(entry.client_id)
  messagePane.emit("restore", entry)
}

function buildButton(label, action) {
  const button = document.createElement("button")
  button.type = "button"
  button.textContent = label
  button.addEventListener("click", action)
  return button
}
