/** What may pass by itself: the same `client_id` finds out whether the message was stored. */
const PASSING = new Set(["timeout", "offline", "unavailable", "rate_limited"])
const FIRST_PAUSE_MS = 1000
const LONGEST_PAUSE_MS = 8000
const FRESH = { state: "waiting", error: null, tries: 0, notBefore: 0 }
const WEEK = 7 * 24 * 60 * 60 * 1000

/**
 * Messages on their way. One at a time goes out, so that those of a room arrive in the order in which they were written;
 * each keeps its `client_id` over every retry and reload, so that it is stored once. What could not be stored in passing is
 * tried again until it is, ever later, and holds up what was written after it in its room.
 *
 * An entry: {client_id, room, body, reply_to, quote, written, state, error, tries}; `state` is one of
 * "waiting" (for its turn, the connection, or the next try, where it has an `error`), "sending", "failed" (wants a decision).
 * `send(entry)` resolves when the server has stored it, or rejects with {code, detail, retry_after}.
 */
export class Outbox {
  // A browser's own function is wrapped, not kept: called as a method of anything but the window it throws.
  constructor({ store, send, changed = () => {}, later = (run, after) => setTimeout(run, after), now = Date.now }) {
    Object.assign(this, { store, send, changed, later, now })
    this.online = false
    this.pausedUntil = 0
    this.entries = this.#kept().map((entry) => ({ ...entry, ...FRESH }))
    this.entries.sort((one, other) => one.written - other.written)
  }

  add(entry) {
    const added = { reply_to: null, quote: null, ...entry, written: this.#stamp(), ...FRESH }
    this.entries.push(added)
    this.store.save(added)
    this.#tell(added)
    this.#pump()
    return added
  }

  in(room) {
    return this.entries.filter((entry) => entry.room === room)
  }

  find(clientId) {
    return this.entries.find((entry) => entry.client_id === clientId)
  }

  connected() {
    this.online = true
    this.pausedUntil = 0
    for (const entry of this.entries) {
      Object.assign(entry, { tries: 0, notBefore: 0 })
      if (entry.error && PASSING.has(entry.error.code)) this.#set(entry, "waiting")
    }
    this.#pump()
  }

  disconnected() {
    this.online = false
    for (const entry of this.entries) if (entry.state === "sending") this.#set(entry, "waiting")
  }

  /** Once more, and now. */
  retry(clientId) {
    const entry = this.find(clientId)
    if (!entry?.error) return
    this.pausedUntil = entry.notBefore = 0
    this.#set(entry, "waiting")
    this.#pump()
  }

  /** It is stored: told by the ack or by the room's log, whichever comes first. True where it was still here. */
  settle(clientId) {
    const entry = this.find(clientId)
    if (!entry) return false
    this.#forget(entry)
    this.#pump()
    return true
  }

  discard(clientId) {
    return this.settle(clientId)
  }

  /** Another page of mine has sent or discarded some of them meanwhile, and this one was asleep. */
  reconcile() {
    const kept = new Set(this.store.load().map((entry) => entry.client_id))
    for (const entry of this.entries) if (!kept.has(entry.client_id)) this.settle(entry.client_id)
  }

  #pump() {
    if (!this.online || this.now() < this.pausedUntil || this.entries.some((entry) => entry.state === "sending")) return
    const next = this.#firsts().find((entry) => entry.notBefore <= this.now())
    if (next) this.#transmit(next)
  }

  /** Of each room the one whose turn it is. */
  #firsts() {
    const rooms = new Map()
    for (const entry of this.entries) {
      if (entry.state === "waiting" && !rooms.has(entry.room)) rooms.set(entry.room, entry)
    }
    return [...rooms.values()]
  }

  async #transmit(entry) {
    this.#set(entry, "sending", entry.error)
    try {
      const message = await this.send(entry)
      entry.stored = message
      if (this.find(entry.client_id)) this.settle(entry.client_id)
    } catch (error) {
      // Settled by the log meanwhile, or put back by a lost connection: the answer is old.
      if (this.find(entry.client_id) === entry && entry.state === "sending") this.#failed(entry, error)
    }
  }

  #failed(entry, error) {
    if (!PASSING.has(error.code)) {
      this.#set(entry, "failed", error)
      this.#pump()
      return
    }
    if (error.code === "offline") {
      this.#set(entry, "waiting")
      return
    }
    entry.tries += 1
    const pause = error.retry_after ? error.retry_after * 1000 : pauseAfter(entry.tries)
    entry.notBefore = this.now() + pause
    // A limit is mine and not the room's.
    if (error.code === "rate_limited") this.pausedUntil = entry.notBefore
    this.#set(entry, "waiting", error)
    this.later(() => this.#pump(), pause)
    this.#pump()
  }

  #forget(entry) {
    this.entries = this.entries.filter((other) => other !== entry)
    this.store.remove(entry.client_id)
    this.#tell(entry, true)
  }

  #set(entry, state, error = null) {
    entry.state = state
    entry.error = error
    this.#tell(entry)
  }

  #tell(entry, gone = false) {
    this.changed(entry, gone)
  }

  /** What nobody wanted to send again for a week is given up. */
  #kept() {
    const [fresh, stale] = [[], []]
    for (const entry of this.store.load()) (this.now() - entry.written < WEEK ? fresh : stale).push(entry)
    for (const entry of stale) this.store.remove(entry.client_id)
    return fresh
  }

  /** Two messages of one millisecond keep their order over a reload. */
  #stamp() {
    const last = this.entries.at(-1)?.written ?? 0
    return Math.max(this.now(), last + 1)
  }
}

function pauseAfter(tries) {
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (tries - 1))
}
