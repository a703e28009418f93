import { retryDelay, TRANSIENT_ERRORS } from "./retry.js"

const ENTRY_LIFETIME_MS = 7 * 24 * 60 * 60 * 1000
const FILES_LOST = "files_lost"
// Waiting at once; who writes more is told.
const MAX_ENTRIES = 500
const INITIAL_STATE = { state: "waiting", error: null, tries: 0, delay: null }

/**
 * Messages that the server hasn't acknowledged. One at a time is sent, so that a room's messages arrive in the order in
 * which they were written; each keeps its `client_id` over every retry and reload, so that it is stored once. After a
 * transient error a message is sent again, with growing delays, and later messages of its room wait for it.
 *
 * An entry: {client_id, room, body, reply_to, quote, files, written, state, error, tries}; `state` is one of
 * "waiting" (for its turn, its files, the connection, or the next try, where it has an `error`), "sending", "failed" (the
 * person decides). `files` are {key, name, file, error}: an upload's key, and what the server answered once it is there, or
 * why it failed; else null. Later messages of the room wait for an entry's files, too.
 * `send(entry)` resolves when the server has stored it, or rejects with {code, detail, retry_after}. `hasFile(key)` tells
 * whether a file that isn't uploaded is on its way.
 */
export class Outbox {
  // The end of a delay is its timer's call, not a time: clocks are set back, and timers are early by a fraction of their unit.
  // A browser's own function is wrapped, not stored: called as a method of anything but the window it throws.
  constructor({ store, send, onChange = () => {}, hasFile = () => false, schedule = (run, after) => setTimeout(run, after), now = Date.now }) {
    Object.assign(this, { store, send, onChange, hasFile, schedule, now })
    this.online = false
    this.pause = null
    this.entries = []
    this.adopt(this.store.load())
  }

  get full() {
    return this.entries.length >= MAX_ENTRIES
  }

  /** Takes stored entries of an earlier page, or of another one, and sends them in their turn; removes those that are too old. */
  adopt(stored) {
    const [fresh, stale] = [[], []]
    for (const entry of stored) (this.now() - entry.written < ENTRY_LIFETIME_MS ? fresh : stale).push(entry)
    for (const { client_id } of stale) if (!this.find(client_id)) this.store.remove(client_id)
    const added = fresh.filter(({ client_id }) => !this.find(client_id)).map((entry) => this.#adopted(entry))
    this.entries.push(...added)
    this.entries.sort((one, other) => one.written - other.written)
    for (const entry of added) this.#notify(entry)
    this.#pump()
  }

  add(entry) {
    const added = { reply_to: null, quote: null, files: [], ...entry, written: this.#nextTimestamp(), ...INITIAL_STATE }
    this.entries.push(added)
    this.store.save(added)
    this.#notify(added)
    this.#pump()
    return added
  }

  /** The entries of one room, oldest first. */
  entriesOf(room) {
    return this.entries.filter((entry) => entry.room === room)
  }

  find(clientId) {
    return this.entries.find((entry) => entry.client_id === clientId)
  }

  connected() {
    this.online = true
    this.pause = null
    for (const entry of this.entries) {
      Object.assign(entry, { tries: 0, delay: null })
      if (entry.error && TRANSIENT_ERRORS.has(entry.error.code)) this.#setState(entry, "waiting")
    }
    this.#pump()
  }

  disconnected() {
    this.online = false
    for (const entry of this.entries) if (entry.state === "sending") this.#setState(entry, "waiting")
  }

  /** Sends a failed or delayed entry again at once; one that is being sent shows the button still. */
  retry(clientId) {
    const entry = this.find(clientId)
    if (!entry?.error || entry.state === "sending" || hasLostFiles(entry)) return
    this.pause = entry.delay = null
    this.#setState(entry, "waiting")
    this.#pump()
  }

  /** Takes an uploaded file for the entry that waits for it. */
  uploaded(key, file) {
    const entry = this.#entryWith(key)
    if (!entry) return
    Object.assign(fileOf(entry, key), { file, error: null })
    this.store.save(entry)
    this.#resume(entry)
  }

  /** Takes why a file of an entry wasn't uploaded; null once it is tried again. */
  uploadFailed(key, error) {
    const entry = this.#entryWith(key)
    if (!entry || entry.state === "sending" || fileOf(entry, key).error === error) return
    fileOf(entry, key).error = error
    if (!error) return this.#resume(entry)
    this.#setState(entry, "failed", error)
    this.#pump()
  }

  /** Sends an entry without one of its files; one that has nothing else is discarded. */
  withoutFile(key) {
    const entry = this.#entryWith(key)
    if (!entry) return
    entry.files = entry.files.filter((one) => one.key !== key)
    if (!entry.files.length && !entry.body.trim()) return this.discard(entry.client_id)
    this.store.save(entry)
    this.#resume(entry)
  }

  /** Removes a stored message, when its ack or its event of the room's log comes, whichever is first; returns whether it was here. */
  settle(clientId) {
    const entry = this.find(clientId)
    if (!entry) return false
    this.#remove(entry)
    this.#pump()
    return true
  }

  discard(clientId) {
    return this.settle(clientId)
  }

  /** The ids of entries whose files went with the page that had them, as far as this one knows. */
  get lost() {
    return this.entries.filter(hasLostFiles).map(({ client_id }) => client_id)
  }

  /** Those of these entries that this page sends, having their files. */
  having(clientIds) {
    return this.entries.filter((entry) => clientIds.includes(entry.client_id) && !hasLostFiles(entry)).map(({ client_id }) => client_id)
  }

  /** Leaves an entry to another page that has its files. */
  leave(clientId) {
    const entry = this.find(clientId)
    if (!entry || !hasLostFiles(entry)) return
    this.entries = this.entries.filter((other) => other !== entry)
    this.#notify(entry, true)
  }

  /** Removes entries that another page sent or discarded while this one was suspended; `ids` are those that are stored. */
  reconcile(ids) {
    const stored = new Set(ids)
    for (const entry of this.entries) if (!stored.has(entry.client_id)) this.settle(entry.client_id)
  }

  #pump() {
    if (!this.online || this.pause || this.entries.some((entry) => entry.state === "sending")) return
    const next = this.#firstPerRoom().find((entry) => !entry.delay && lacking(entry).length === 0)
    if (next) this.#transmit(next)
  }

  #entryWith(key) {
    return this.entries.find((entry) => entry.files.some((one) => one.key === key))
  }

  /** Goes on with an entry, unless another of its files failed. */
  #resume(entry) {
    if (entry.state === "failed" && !entry.files.some(({ error }) => error)) this.#setState(entry, "waiting")
    else this.#notify(entry)
    this.#pump()
  }

  /** The oldest waiting entry of each room. */
  #firstPerRoom() {
    const rooms = new Map()
    for (const entry of this.entries) {
      if (entry.state === "waiting" && !rooms.has(entry.room)) rooms.set(entry.room, entry)
    }
    return [...rooms.values()]
  }

  async #transmit(entry) {
    this.#setState(entry, "sending", entry.error)
    try {
      const message = await this.send(entry)
      entry.stored = message
      if (this.find(entry.client_id)) this.settle(entry.client_id)
    } catch (error) {
      // The log may have settled the entry meanwhile, or a lost connection put it back: this answer is stale then.
      if (this.find(entry.client_id) === entry && entry.state === "sending") this.#onSendError(entry, error)
    }
  }

  #onSendError(entry, error) {
    if (!TRANSIENT_ERRORS.has(error.code)) {
      this.#setState(entry, "failed", error)
      this.#pump()
      return
    }
    if (error.code === "offline") {
      this.#setState(entry, "waiting")
      return
    }
    entry.tries += 1
    const delay = { ms: retryDelay(entry.tries, error) }
    entry.delay = delay
    // A rate limit holds for the person, in all rooms.
    if (error.code === "rate_limited") this.pause = delay
    this.#setState(entry, "waiting", error)
    this.schedule(() => this.#endDelay(entry, delay), delay.ms)
    this.#pump()
  }

  /** Ends `delay`, unless a later one or a new connection has taken its place. */
  #endDelay(entry, delay) {
    if (entry.delay === delay) entry.delay = null
    if (this.pause === delay) this.pause = null
    this.#pump()
  }

  #remove(entry) {
    this.entries = this.entries.filter((other) => other !== entry)
    this.store.remove(entry.client_id)
    this.#notify(entry, true)
  }

  #setState(entry, state, error = null) {
    entry.state = state
    entry.error = error
    this.#notify(entry)
  }

  #notify(entry, gone = false) {
    this.onChange(entry, gone)
  }

  #adopted(entry) {
    const files = (entry.files ?? []).map((file) => ({ ...file, error: null }))
    return { ...entry, files, adopted: true, ...stateOf(lacking(entry).filter(({ key }) => !this.hasFile(key))) }
  }

  /** The current time, or one millisecond after the last entry's: order survives a reload. */
  #nextTimestamp() {
    const last = this.entries.at(-1)?.written ?? 0
    return Math.max(this.now(), last + 1)
  }
}

const hasLostFiles = ({ error }) => error?.code === FILES_LOST
const fileOf = (entry, key) => entry.files.find((one) => one.key === key)

/** An entry's files that aren't uploaded. */
const lacking = ({ files }) => (files ?? []).filter(({ file }) => !file)

/** The state of an entry that is loaded; `lost` are files that went with the page that had them. */
function stateOf(lost) {
  if (!lost.length) return INITIAL_STATE
  const detail = `the page was closed before these files were uploaded: ${lost.map(({ name }) => name).join(", ")}`
  return { ...INITIAL_STATE, state: "failed", error: { code: FILES_LOST, detail } }
}
