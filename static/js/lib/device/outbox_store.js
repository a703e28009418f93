import { database } from "./database.js"
import { storage } from "../page/storage.js"

// Of all files that wait, in this browser. Beyond it they stay in the page alone.
const MAX_FILE_BYTES = 200 * 1024 * 1024

/**
 * What waits to be sent, in IndexedDB. A message is noted in localStorage first, which is done before the page can go, and
 * stays there where IndexedDB refuses it: `kept` tells whether it outlives the page.
 *
 * A record of a message: {owner, key, entry}; of a file: {owner, key, blob, name, type, alt}, and once it is uploaded
 * {owner, key, file}.
 */
export class OutboxStore {
  constructor(owner) {
    this.owner = owner
    this.prefix = `outbox:${owner}:`
    this.inPageOnly = new Set()
    this.sizes = new Map()
  }

  /** The entries that are noted, which is known at once. */
  load() {
    return storage.keys().filter((key) => key.startsWith(this.prefix)).map((key) => JSON.parse(storage.getItem(key)))
  }

  /** The entries that are stored, whichever page stored them, oldest first. */
  async loadAll() {
    const records = await database.all("outbox", this.owner).catch(() => [])
    const entries = new Map([...records.map(({ entry }) => entry), ...this.load()].map((entry) => [entry.client_id, entry]))
    return [...entries.values()].sort((one, other) => one.written - other.written)
  }

  async save({ client_id, room, body, reply_to, quote, files, written }) {
    const entry = { client_id, room, body, reply_to, quote, files, written }
    const key = this.prefix + entry.client_id
    storage.setItem(key, JSON.stringify(entry))
    try {
      await database.put("outbox", { owner: this.owner, key: entry.client_id, entry })
    } catch {
      if (storage.isInMemory(key)) this.inPageOnly.add(entry.client_id)
      return
    }
    this.inPageOnly.delete(entry.client_id)
    storage.removeItem(key)
  }

  async remove(clientId) {
    this.inPageOnly.delete(clientId)
    storage.removeItem(this.prefix + clientId)
    await database.remove("outbox", this.owner, clientId).catch(() => {})
  }

  /** Whether a message outlives the page. */
  keeps({ client_id, files }) {
    return !this.inPageOnly.has(client_id) && !files.some(({ key }) => this.inPageOnly.has(key))
  }

  /** Whether a message is here still: another page may have sent it. */
  async has(clientId) {
    if (storage.getItem(this.prefix + clientId) !== null) return true
    // Where it can't be told, sending it once more does no harm.
    return database.get("outbox", this.owner, clientId).then(Boolean, () => true)
  }

  async saveFile(key, { source, name, type, alt }) {
    const used = [...this.sizes.values()].reduce((sum, size) => sum + size, 0)
    this.sizes.set(key, source.size)
    try {
      if (used + source.size > MAX_FILE_BYTES) throw new Error("too much")
      await database.put("files", { owner: this.owner, key, blob: source, name, type, alt })
    } catch {
      this.sizes.delete(key)
      this.inPageOnly.add(key)
    }
  }

  /** Puts what the server answered in the place of a file, for other pages that would send it too. */
  async fileUploaded(key, file) {
    this.inPageOnly.delete(key)
    if (this.sizes.delete(key)) await database.put("files", { owner: this.owner, key, file }).catch(() => {})
  }

  async loadFile(key) {
    const record = await database.get("files", this.owner, key).catch(() => null)
    if (record?.blob) this.sizes.set(key, record.blob.size)
    return record ?? null
  }

  async removeFile(key) {
    this.inPageOnly.delete(key)
    this.sizes.delete(key)
    await database.remove("files", this.owner, key).catch(() => {})
  }
}
