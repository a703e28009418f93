/** Milliseconds since the page was opened; the clock of the day may be set back meanwhile. */
const monotonicTime = () => performance.now()

/** The people who are typing in a room. Each typing event is good for six seconds, unless the server ends it before. */
export class TypingUsers {
  static lifetimeMs = 6000

  constructor({ now = monotonicTime } = {}) {
    this.now = now
    this.expiresAt = new Map()
  }

  set(username, typing) {
    if (typing) this.expiresAt.set(username, this.now() + TypingUsers.lifetimeMs)
    else this.expiresAt.delete(username)
  }

  current() {
    for (const [username, end] of this.expiresAt) if (end <= this.now()) this.expiresAt.delete(username)
    return [...this.expiresAt.keys()]
  }
}

/** "Ada is typing…", "Ada and Bo are typing…", "3 people are typing…"; empty for nobody. */
export function typingSentence(names) {
  if (names.length === 0) return ""
  if (names.length === 1) return `${names[0]} is typing…`
  if (names.length === 2) return `${names[0]} and ${names[1]} are typing…`
  return `${names.length} people are typing…`
}

/** Reports the reader's own typing: `send(true)` at the first input and every three seconds, `send(false)` at the end. */
export class TypingNotifier {
  static intervalMs = 3000

  constructor({ send, now = monotonicTime }) {
    Object.assign(this, { send, now })
    this.reset()
  }

  input(text) {
    if (!text.trim()) this.end()
    else if (!this.isCurrent()) {
      this.sentAt = this.now()
      this.send(true)
    }
  }

  /** Whether others have been told in this interval. */
  isCurrent() {
    return this.sentAt !== null && this.now() - this.sentAt < TypingNotifier.intervalMs
  }

  end() {
    if (this.sentAt !== null) this.send(false)
    this.reset()
  }

  /** Starts afresh after a message was sent, which ends the typing on the server. */
  reset() {
    this.sentAt = null
  }
}
