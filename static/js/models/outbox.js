/** What may pass by itself: the same `client_id` finds out whether the message was stored. */
const PASSING = new Set(["timeout", "offline", "unavailable", "rate_limited", "request_failed"])
const TRIES = 4
const FIRST_PAUSE = 1000
const WEEK = 7 * 24 * 60 * 60 * 1000

/**
 * Messages on their way. One at a time goes out, so that they arrive in the order in which they were written; each keeps
 * its `client_id` over every retry and reload, so that it is stored once.
 *
 * An entry: {client_id, room, body, reply_to, quote, written, state, error, tries}; `state` is one of
 * "waiting" (for its turn or the connection), "sending", "failed" (wants a decision).
 * `send(entry)` resolves when the server has stored it, or rejects with {code, detail, retry_after}.
 */
export class Outbox {
  constructor({ store, send, changed = () => {}, later = setTimeout, now = Date.now }) {
    Object.assign(this, { store, send, changed, later, now })
    this.online = false
    this.pausedUntil = 0
    this.entries = this.#kept().map((entry) => ({ ...entry, state: "waiting", error: null, tries: 0 }))
    this.entries.sort((one, other) => one.written - other.written)
  }

  add(entry) {
    const added = { reply_to: null, quote: null, ...entry, written: this.#stamp(), state: "waiting", error: null, tries: 0 }
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
    for (const entry of this.entries) {
      if (entry.state === "failed" && PASSING.has(entry.error.code)) this.#set(entry, "waiting")
      entry.tries = 0
    }
    this.#pump()
  }

  disconnected() {
    this.online = false
    for (const entry of this.entries) if (entry.state === "sending") this.#set(entry, "waiting")
  }

  retry(clientId) {
    const entry = this.find(clientId)
    if (entry?.state !== "failed") return
    entry.tries = 0
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

  #pump() {
    if (!this.online || this.now() < this.pausedUntil || this.entries.some((entry) => entry.state === "sending")) return
    const next = this.entries.find((entry) => entry.state === "waiting")
    if (next) this.#transmit(next)
  }

  async #transmit(entry) {
    this.#set(entry, "sending")
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
    entry.tries += 1
    if (error.code === "offline") {
      this.#set(entry, "waiting")
      return
    }
    if (error.code === "rate_limited" || (error.code === "unavailable" && entry.tries < TRIES)) {
      this.#set(entry, "waiting")
      this.#pause(error.retry_after ? error.retry_after * 1000 : FIRST_PAUSE * 2 ** (entry.tries - 1))
      return
    }
    this.#set(entry, "failed", error)
    this.#pump()
  }

  #pause(milliseconds) {
    this.pausedUntil = this.now() + milliseconds
    this.later(() => {
      this.pausedUntil = 0
      this.#pump()
    }, milliseconds)
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
