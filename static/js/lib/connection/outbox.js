import { Outbox } from "../../models/outbox.js"
import { exclusively } from "../device/locks.js"
import { me } from "../page/me.js"
import { storage } from "../page/storage.js"
import { uuid } from "../page/uuid.js"
import { connection } from "./connection.js"
import { Emitter } from "./emitter.js"
import { kept } from "../device/kept.js"
import { uploadEvents, uploads } from "./uploads.js"

// Words between a person's tabs: whose files, of which messages?
const ASKED = `outbox-asked:${me}`
const ANSWERED = `outbox-answered:${me}`
// A page that the system has suspended keeps its lock: others go on without, which `client_id` makes harmless.
const LOCK_MS = 15_000

const tabs = globalThis.BroadcastChannel && new BroadcastChannel(`outbox:${me}`)

const store = {
  // It takes a moment: `takeStored`.
  load: () => [],
  save: (entry) => kept.save(entry).then(() => tellWhereUnkept(entry)),
  remove: (clientId) => kept.remove(clientId).then(() => tabs?.postMessage(clientId)),
}

/** Sends a message while no other tab sends one, so that the order holds over all tabs; null for one that another tab has sent. */
async function send(entry) {
  try {
    return await exclusively(`outbox:${me}`, () => sendOnce(entry), AbortSignal.timeout(LOCK_MS))
  } catch (error) {
    if (error.name !== "TimeoutError") throw error
    return sendOnce(entry)
  }
}

async function sendOnce({ room, body, client_id, reply_to, files }) {
  if (!(await kept.has(client_id))) return null
  const data = { room, body, client_id }
  if (reply_to) data.reply_to = reply_to
  if (files.length) data.files = files.map(({ file }) => file.id)
  const { message } = await connection.request("chat-message", data)
  // Before the next tab looks.
  await kept.remove(client_id)
  return message
}

/** Emits "changed" (entry, gone) for each change of state of each message in the outbox. */
export const outboxEvents = new Emitter()
export const outbox = new Outbox({
  store,
  send,
  hasFile: (key) => Boolean(uploads.find(key)),
  onChange: (entry, gone) => {
    if (gone) for (const { key } of entry.files) kept.removeFile(key)
    outboxEvents.emit("changed", entry, gone)
  },
})

/** Takes a message, and keeps its files that wait. */
export function queueMessage(message) {
  for (const { key, file } of message.files) {
    if (!file) kept.saveFile(key, uploads.find(key)).then(() => tellWhereUnkept(message))
  }
  outbox.add(message)
}

function tellWhereUnkept({ client_id }) {
  const entry = outbox.find(client_id)
  if (entry && !kept.keeps(entry)) outboxEvents.emit("changed", entry, false)
}

/** Whether a message outlives this page, as far as it is known. */
export const isKept = (entry) => kept.keeps(entry)

/** Takes what is stored: of earlier pages, of one without a connection, and of other tabs. */
async function takeStored() {
  for (const entry of await kept.loadAll()) {
    if (outbox.find(entry.client_id)) continue
    for (const { key, name, file } of entry.files ?? []) await resumeUpload({ key, name, file, room: entry.room })
    outbox.adopt([entry])
  }
  tellTabs(ASKED, outbox.lost)
}

async function resumeUpload({ key, name, file, room }) {
  if (file) return uploads.adopt(key, file)
  const record = await kept.loadFile(key)
  if (uploads.find(key)) return
  if (record?.file) uploads.adopt(key, record.file)
  else if (record) uploads.add({ key, room, name, size: record.blob.size, type: record.type, alt: record.alt, source: record.blob })
}

uploadEvents.on("changed", (upload, gone) => {
  const { key, state, file, error } = upload
  if (gone) outbox.withoutFile(key)
  else if (state === "done") kept.fileUploaded(key, file).then(() => outbox.uploaded(key, file))
  else outbox.uploadFailed(key, state === "failed" ? error : null)
})
const restored = takeStored()

connection.on("offline", () => outbox.disconnected())
// An entry that another tab sent or discarded is removed here too, also where this tab was suspended meanwhile.
tabs?.addEventListener("message", ({ data }) => outbox.settle(data))
addEventListener("pageshow", async ({ persisted }) => persisted && outbox.reconcile((await kept.loadAll()).map(({ client_id }) => client_id)))
// One whose files another tab still uploads is that tab's to send: it isn't lost.
addEventListener("storage", ({ key, newValue }) => {
  if (!newValue) return
  if (key === ASKED) tellTabs(ANSWERED, outbox.having(JSON.parse(newValue).ids))
  else if (key === ANSWERED) JSON.parse(newValue).ids.forEach((id) => outbox.leave(id))
})
// What a tab that was closed has left behind.
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && connection.status === "online" && takeStored())

/** Tells the person's other tabs some ids. A value that is the same is told to nobody. */
function tellTabs(key, ids) {
  if (!ids.length) return
  storage.setItem(key, JSON.stringify({ ids, once: uuid() }))
  storage.removeItem(key)
}

/** Begins to send. A room's page calls it once the room is joined, since the room's log settles what is sent. */
export async function startSending() {
  await restored
  await takeStored()
  if (connection.status === "online") outbox.connected()
}
