/** Who else is typing in a room. A sign of typing is good for six seconds; the server says when it ends before. */
export class Typists {
  static seconds = 6

  constructor({ now = Date.now } = {}) {
    this.now = now
    this.until = new Map()
  }

  note(username, typing) {
    if (typing) this.until.set(username, this.now() + Typists.seconds * 1000)
    else this.until.delete(username)
  }

  current() {
    for (const [username, end] of this.until) if (end <= this.now()) this.until.delete(username)
    return [...this.until.keys()]
  }
}

/** "Ada is typing…", "Ada and Bo are typing…", "3 people are typing…"; empty for nobody. */
export function sentence(names) {
  if (names.length === 0) return ""
  if (names.length === 1) return `${names[0]} is typing…`
  if (names.length === 2) return `${names[0]} and ${names[1]} are typing…`
  return `${names.length} people are typing…`
}

/** When to tell that I am typing: at the first stroke, again every three seconds, and that it ended. */
export class TypingSignal {
  static every = 3000

  constructor({ tell, now = Date.now }) {
    Object.assign(this, { tell, now })
    this.told = 0
  }

  typed(text) {
    if (!text.trim()) this.ended()
    else if (this.now() - this.told >= TypingSignal.every) {
      this.told = this.now()
      this.tell(true)
    }
  }

  ended() {
    if (this.told) this.tell(false)
    this.told = 0
  }

  /** With the message itself, the server ends it. */
  sent() {
    this.told = 0
  }
}
