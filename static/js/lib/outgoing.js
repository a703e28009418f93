import { Outbox } from "../models/outbox.js"
import { Emitter } from "./emitter.js"
import { live } from "./live.js"
import { me } from "./me.js"
import { storage } from "./storage.js"

const PREFIX = `outbox:${me}:`

/** One key a message, so that two tabs don't overwrite each other's. */
const store = {
  load: () => storage.keys().filter((key) => key.startsWith(PREFIX)).map((key) => JSON.parse(storage.getItem(key))),
  save: (entry) => storage.setItem(PREFIX + entry.client_id, JSON.stringify(entry)),
  remove: (clientId) => storage.removeItem(PREFIX + clientId),
}

async function send({ room, body, client_id, reply_to }) {
  const data = { room, body, client_id }
  if (reply_to) data.reply_to = reply_to
  return (await live.request("chat-message", data)).message
}

/** Emits "changed" (entry, gone) for each step of each message on its way. */
export const outgoing = new Emitter()
export const outbox = new Outbox({
  store,
  send,
  changed: (entry, gone) => outgoing.emit("changed", entry, gone),
})

live.on("offline", () => outbox.disconnected())
// What another tab sent or discarded is sent no more by this one, also where it slept meanwhile.
addEventListener("storage", ({ key, newValue }) => key?.startsWith(PREFIX) && newValue === null && outbox.settle(key.slice(PREFIX.length)))
addEventListener("pageshow", ({ persisted }) => persisted && outbox.reconcile())

/** Before the room is joined, nothing goes out: the log must be able to tell of it. */
export const openOutbox = () => outbox.connected()
