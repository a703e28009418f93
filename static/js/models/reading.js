/**
 * How far I have read. Only what was on the screen counts, and only where nothing before it was passed by: `read` is the
 * seq up to which everything has been seen, `unread` how many messages of others are beyond it, as far as is known.
 */
export class Reading {
  #apart = []

  constructor({ me, seq = 0, unread = 0 }) {
    Object.assign(this, { me, read: seq, unread })
  }

  /** A message came; true where it is the first that I haven't read. */
  arrived(message) {
    if (message.sender.username === this.me || message.seq <= this.read) return false
    this.unread += 1
    return this.unread === 1
  }

  /** A stretch of the log was on the screen: all beyond `above`, up to and with `bottom`. True where `read` moved on by it. */
  saw(above, bottom) {
    if (!(bottom > above)) return false
    this.#apart.push([above, bottom])
    return this.#join()
  }

  /** What the server says, to this page or another of mine: how far is read, and how much is not. */
  told({ read_seq: read, unread }) {
    if (read < this.read) return
    this.read = read
    this.unread = unread
    this.#join()
  }

  #join() {
    this.#apart.sort((one, other) => one[0] - other[0])
    const before = this.read
    const apart = []
    for (const [start, end] of this.#apart) {
      const last = apart.at(-1)
      if (start <= this.read) this.read = Math.max(this.read, end)
      else if (last && start <= last[1]) last[1] = Math.max(last[1], end)
      else apart.push([start, end])
    }
    this.#apart = apart
    return this.read > before
  }
}

/** "(3) workshop · Northside" for the tab. */
export function title(plain, unread) {
  return unread ? `(${unread > 99 ? "99+" : unread}) ${plain}` : plain
}
