import { Outbox } from "../../models/outbox.js"
import { me } from "../page/me.js"
import { storage } from "../page/storage.js"
import { uuid } from "../page/uuid.js"
import { connection } from "./connection.js"
import { Emitter } from "./emitter.js"
import { uploadEvents, uploads } from "./uploads.js"

const KEY_PREFIX = `outbox:${me}:`
// Words between a person's tabs: whose files, of which messages?
const ASKED = `outbox-asked:${me}`
const ANSWERED = `outbox-answered:${me}`

/** Stores each message under a key of its own, so that two tabs don't overwrite each other's. */
const store = {
  load: () => storage.keys().filter((key) => key.startsWith(KEY_PREFIX)).map((key) => JSON.parse(storage.getItem(key))),
  save: (entry) => storage.setItem(KEY_PREFIX + entry.client_id, JSON.stringify(entry)),
  remove: (clientId) => storage.removeItem(KEY_PREFIX + clientId),
}

async function send({ room, body, client_id, reply_to, files }) {
  const data = { room, body, client_id }
  if (reply_to) data.reply_to = reply_to
  if (files.length) data.files = files.map(({ file }) => file.id)
  return (await connection.request("chat-message", data)).message
}

/** Emits "changed" (entry, gone) for each change of state of each message in the outbox. */
export const outboxEvents = new Emitter()
export const outbox = new Outbox({
  store,
  send,
  onChange: (entry, gone) => outboxEvents.emit("changed", entry, gone),
})

uploadEvents.on("changed", (upload, gone) => {
  const { key, state, file, error } = upload
  if (gone) outbox.withoutFile(key)
  else if (state === "done") outbox.uploaded(key, file)
  else outbox.uploadFailed(key, state === "failed" ? error : null)
})
// What was uploaded before the page was loaded anew.
for (const { files } of outbox.entries) for (const { key, file } of files) if (file) uploads.adopt(key, file)

connection.on("offline", () => outbox.disconnected())
// An entry that another tab sent or discarded is removed here too, also where this tab was suspended meanwhile.
addEventListener("storage", ({ key, newValue }) => key?.startsWith(KEY_PREFIX) && newValue === null && outbox.settle(key.slice(KEY_PREFIX.length)))
// One whose files another tab still uploads is that tab's to send: it isn't lost.
addEventListener("storage", ({ key, newValue }) => {
  if (!newValue) return
  if (key === ASKED) tellTabs(ANSWERED, outbox.having(JSON.parse(newValue).ids))
  else if (key === ANSWERED) JSON.parse(newValue).ids.forEach((id) => outbox.leave(id))
})
tellTabs(ASKED, outbox.lost)
addEventListener("pageshow", ({ persisted }) => persisted && outbox.reconcile())

/** Tells the person's other tabs some ids. A value that is the same is told to nobody. */
function tellTabs(key, ids) {
  if (!ids.length) return
  storage.setItem(key, JSON.stringify({ ids, once: uuid() }))
  storage.removeItem(key)
}

/** Begins to send. A room's page calls it once the room is joined, since the room's log settles what is sent. */
export const startSending = () => outbox.connected()
