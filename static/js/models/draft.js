/**
 * What I have begun to write in a room: a new message with what it answers, and on top of it an edit of an older one. It is
 * the same in all tabs, and outlives page and session. `store` is like localStorage.
 *
 * `reply` is a quote {id, sender, body} or null, `edit` {id, text} or null.
 */
export class Draft {
  constructor(store, owner, room) {
    this.store = store
    this.key = `draft:${owner}:${room}`
    this.adopt()
  }

  /** What the composer holds. */
  get text() {
    return this.edit?.text ?? this.words
  }

  typed(text) {
    if (this.edit) this.edit.text = text
    else this.words = text
    this.#keep()
  }

  answer(quote) {
    Object.assign(this, { reply: quote, edit: null })
    this.#keep()
  }

  change(id, text) {
    this.edit = { id, text }
    this.#keep()
  }

  /** The edit is saved or given up, or else the message is no answer any more. */
  turnBack() {
    if (this.edit) this.edit = null
    else this.reply = null
    this.#keep()
  }

  sent() {
    Object.assign(this, { words: "", reply: null })
    this.#keep()
  }

  /** A message that was refused is to be written anew, before what was begun since. */
  takeBack({ body, quote }) {
    this.words = this.words.trim() ? `${body}\n${this.words}` : body
    this.reply ??= quote
    this.#keep()
  }

  /** Takes what is stored, perhaps by another tab. */
  adopt() {
    const { text = "", reply = null, edit = null } = parsed(this.store.getItem(this.key))
    Object.assign(this, { words: text, reply, edit })
  }

  #keep() {
    const { words: text, reply, edit } = this
    if (text.trim() || reply || edit) this.store.setItem(this.key, JSON.stringify({ text, reply, edit }))
    else this.store.removeItem(this.key)
  }
}

/** A bare text is a draft that was kept by an older page. */
function parsed(kept) {
  if (kept === null) return {}
  try {
    const draft = JSON.parse(kept)
    if (typeof draft?.text === "string") return draft
  } catch {
    // Not JSON, so a bare text.
  }
  return { text: kept }
}
