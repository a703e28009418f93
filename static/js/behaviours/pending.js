import { part } from "../lib/dom.js"
import { build } from "../lib/message_view.js"
import { outbox, outgoing } from "../lib/outgoing.js"
import { live } from "../lib/live.js"
import { room } from "../lib/room.js"
import { speak } from "../lib/speak.js"
import { talk } from "../lib/talk.js"
import { placing } from "../models/timeline.js"

const CALM_MS = 400

/** What I sent, from the moment I sent it until the room's log tells of it. */
export function mount(element) {
  const rows = new Map()

  const add = (entry) => {
    const row = build(asMessage(entry))
    row.removeAttribute("id")
    row.classList.add("unsent")
    const above = element.lastElementChild ?? talk.list.last
    const facts = ({ dataset }) => ({ user: dataset.user, at: dataset.at, reply: false })
    row.classList.toggle("continued", placing(above && facts(above), { ...facts(row), reply: Boolean(entry.reply_to) }).continued)
    rows.set(entry.client_id, row)
    element.hidden = false
    element.append(row)
  }

  const drop = (clientId) => {
    rows.get(clientId)?.remove()
    rows.delete(clientId)
    element.hidden = rows.size === 0
  }

  const changed = (entry, gone) => {
    if (entry.room !== room.slug) return
    if (!rows.has(entry.client_id) && !gone) add(entry)
    const row = rows.get(entry.client_id)
    if (!row) return
    const onTheWay = entry.stored && talk.attached && !talk.list.row(entry.stored.id)
    if (gone && !onTheWay) drop(entry.client_id)
    else label(row, gone ? null : entry)
  }

  outgoing.on("changed", changed)
  for (const entry of outbox.in(room.slug)) changed(entry, false)
  live.on("offline", () => outbox.in(room.slug).forEach((entry) => changed(entry, false)))
  room.on("chat-message", (message) => {
    if (message.sender.username !== room.me.username) return
    outbox.settle(message.client_id)
    drop(message.client_id)
  })
}

function asMessage(entry) {
  const created_at = new Date(entry.written).toISOString()
  return { ...entry, id: "", sender: room.me, created_at, edited_at: null, deleted: false, reply_to: entry.quote }
}

function label(row, entry) {
  const state = part(row, "state")
  clearTimeout(row.timer)
  const error = live.status === "offline" ? null : entry?.error
  state.classList.toggle("failed", entry?.state === "failed")
  if (error) {
    // A try that is under way leaves the words, and the button under the pointer, where they are.
    if (entry.state !== "sending") state.replaceChildren(...trouble(entry))
    if (state.hidden) speak("A message was not sent")
    state.hidden = false
    return
  }
  state.replaceChildren()
  state.hidden = true
  if (!entry) return
  const words = live.status === "offline" ? "Waits for the connection" : "Sending…"
  row.timer = setTimeout(() => say(state, words), CALM_MS)
}

function say(state, words) {
  state.textContent = words
  state.hidden = false
}

const PASSES = { timeout: "the server does not answer", unavailable: "the server can't store it now", rate_limited: "that was too quick" }

/** Refused for good, or to be tried again by itself and, by the button, at once. */
function trouble(entry) {
  const { code, detail } = entry.error
  const words = entry.state === "failed" ? `Not sent${detail ? `: ${detail}` : ""}` : `Not sent yet, ${PASSES[code] ?? detail}. It is tried again`
  return [
    `${words} · `,
    button("Retry", () => outbox.retry(entry.client_id)),
    " · ",
    ...(entry.state === "failed" ? [button("Edit", () => takeBack(entry)), " · "] : []),
    button("Discard", () => outbox.discard(entry.client_id)),
  ]
}

function takeBack(entry) {
  outbox.discard(entry.client_id)
  talk.emit("take-back", entry)
}

function button(words, action) {
  const element = document.createElement("button")
  element.type = "button"
  element.textContent = words
  element.addEventListener("click", action)
  return element
}
