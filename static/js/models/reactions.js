/** Names in a sentence and in a summary; `messaging/reactions/sentences.py` and `services.py` have the same. */
const MAX_SPOKEN = 3
const MAX_NAMED = 20

/**
 * The reactions of one message: as the room's log has them, and as the page shows them, with what the reader has pressed
 * and the log doesn't have yet. An entry: {emoji, count, users, mine}; `users` are the usernames of the first.
 */
export class Reactions {
  #entries
  // What the reader wants, by emoji: true for theirs being there, false for its being gone.
  #wanted = new Map()
  // Emoji of which a request is on its way.
  sending = new Set()

  constructor(me, entries = []) {
    this.me = me
    this.#entries = entries
  }

  /** Takes a message's `reactions`. Whether one beyond the named is the reader's is kept, as those don't say it. */
  load(summary) {
    const before = new Map(this.#entries.map((entry) => [entry.emoji, entry.mine]))
    this.#entries = summary.map(({ emoji, count, users }) => {
      const mine = users.includes(this.me) || (count > users.length && before.get(emoji))
      return { emoji, count, users: [...users], mine: mine ?? null }
    })
  }

  /** Forgets what the reader wanted, of a message that is gone. */
  clear() {
    this.#entries = []
    this.#wanted.clear()
  }

  /** Whether it isn't known of an emoji if one of those beyond the named is the reader's. */
  get unsure() {
    return this.#entries.some(({ mine }) => mine === null)
  }

  /** Takes the reader's own emoji where `unsure`. */
  own(emoji) {
    for (const entry of this.#entries) if (entry.mine === null) this.#settle(entry, emoji.includes(entry.emoji))
  }

  /** Takes the server's answer where `unsure`: no event follows if the reaction was as it was wanted already. */
  answered(emoji, mine) {
    const entry = this.#find(emoji)
    if (entry?.mine === null) this.#settle(entry, mine)
  }

  /** Takes an event of the log: {emoji, user, count}, where `count` is the number after it. */
  receive({ emoji, user, count }, added) {
    const entry = this.#find(emoji) ?? this.#begin(emoji)
    entry.count = count
    entry.users = withUser(entry.users, user.username, added)
    if (user.username === this.me) this.#settle(entry, added)
    if (count === 0) this.#entries = this.#entries.filter((other) => other !== entry)
  }

  /** Turns the reader's reaction over, and returns whether it is wanted now. */
  press(emoji) {
    const wanted = !this.shown().find((entry) => entry.emoji === emoji)?.mine
    this.#wanted.set(emoji, wanted)
    return wanted
  }

  /** What the reader wants of an emoji; undefined where the log has it. */
  wanted(emoji) {
    return this.#wanted.get(emoji)
  }

  /** Takes back what the reader pressed. */
  revert(emoji) {
    this.#wanted.delete(emoji)
  }

  /** The entries as the page shows them. */
  shown() {
    const known = this.#entries.map((entry) => this.#overlaid(entry))
    const added = [...this.#wanted].filter(([emoji, wanted]) => wanted && !this.#find(emoji))
    return [...known, ...added.map(([emoji]) => ({ emoji, count: 1, users: [this.me], mine: true }))].filter(({ count }) => count > 0)
  }

  #overlaid(entry) {
    const wanted = this.#wanted.get(entry.emoji)
    if (wanted === undefined || wanted === Boolean(entry.mine)) return { ...entry, mine: Boolean(entry.mine) }
    const count = entry.count + (wanted ? 1 : -1)
    return { ...entry, count, users: withUser(entry.users, this.me, wanted), mine: wanted }
  }

  #settle(entry, mine) {
    entry.mine = mine
    if (this.#wanted.get(entry.emoji) === mine) this.#wanted.delete(entry.emoji)
  }

  #find(emoji) {
    return this.#entries.find((entry) => entry.emoji === emoji)
  }

  #begin(emoji) {
    const entry = { emoji, count: 0, users: [], mine: false }
    this.#entries.push(entry)
    return entry
  }
}

function withUser(users, username, added) {
  const others = users.filter((other) => other !== username)
  if (!added) return others
  return users.includes(username) || users.length >= MAX_NAMED ? users : [...users, username]
}

/** "Ada", "Ada and Ben", or "Ada, Ben and 3 others": `count` people, of whom `names` are the first. */
export function byWhom(names, count) {
  return joined(names.slice(0, count <= MAX_SPOKEN ? MAX_SPOKEN : MAX_SPOKEN - 1), count)
}

/** All of the names, and how many others there are. */
export function joined(names, count) {
  const others = count - names.length
  const spoken = others > 0 ? [...names, `${others} other${others === 1 ? "" : "s"}`] : names
  return spoken.length > 1 ? `${spoken.slice(0, -1).join(", ")} and ${spoken.at(-1)}` : (spoken[0] ?? "")
}

/** What a screen reader says of a reaction's button. */
export function labelOf(emoji, by, mine, pressable) {
  if (!pressable) return `${emoji} by ${by}`
  return `${emoji} by ${by}; press to ${mine ? "take yours back" : "add yours"}`
}
