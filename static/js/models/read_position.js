/**
 * The reader's position in a room. Only messages that were on the screen count as read, and only if every message before
 * them was: `read` is the seq up to which all were seen, `unread` how many messages of others are known beyond it. `version`
 * counts how often it was moved back: then it is `held`, and what is on the screen doesn't count as read, until the reader
 * scrolls on.
 */
export class ReadPosition {
  // Seen ranges [above, bottom] that a gap parts from `read`.
  #detached = []

  constructor({ me, seq = 0, version = 0, unread = 0 }) {
    Object.assign(this, { me, read: seq, version, unread, held: false })
  }

  /** Counts a message that arrived; returns whether it is the first unread one. */
  receive(message) {
    if (message.sender.username === this.me || message.seq <= this.read) return false
    this.unread += 1
    return this.unread === 1
  }

  /** Takes a range of the log that was on the screen: all after `above`, up to `bottom` inclusive. Returns whether `read` advanced. */
  markSeen(above, bottom) {
    if (this.held || !(bottom > above)) return false
    this.#detached.push([above, bottom])
    return this.#advance()
  }

  /**
   * Takes the server's position, from this page's or another page's report; an older one than ours is ignored. Returns
   * whether it is of a later version: moved back since, by whatever page.
   */
  applyServer({ read_seq: read, read_version: version = this.version, unread }) {
    if (version > this.version) {
      this.#detached = []
      Object.assign(this, { read, version, unread, held: true })
      return true
    }
    if (version < this.version || read < this.read) return false
    // Whoever reads on elsewhere is done with what was kept unread here.
    if (read > this.read) this.held = false
    this.read = read
    this.unread = unread
    this.#advance()
    return false
  }

  release() {
    this.held = false
  }

  #advance() {
    this.#detached.sort((one, other) => one[0] - other[0])
    const before = this.read
    const detached = []
    for (const [start, end] of this.#detached) {
      const last = detached.at(-1)
      if (start <= this.read) this.read = Math.max(this.read, end)
      else if (last && start <= last[1]) last[1] = Math.max(last[1], end)
      else detached.push([start, end])
    }
    this.#detached = detached
    return this.read > before
  }
}
