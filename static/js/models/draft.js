/**
 * The unsent text of one person in one room: a new message with the message that it replies to, and on top of it an edit
 * of an older message. All tabs share it, and it outlives page and session. `store` is like localStorage.
 *
 * `reply` is a quote {id, sender, body} or null, `edit` {id, text} or null.
 */
export class Draft {
  constructor(store, owner, room) {
    this.store = store
    this.key = `draft:${owner}:${room}`
    this.load()
  }

  /** The text that the composer shows: the edit's, where there is one. */
  get text() {
    return this.edit?.text ?? this.newText
  }

  setText(text) {
    if (this.edit) this.edit.text = text
    else this.newText = text
    this.#save()
  }

  replyTo(quote) {
    Object.assign(this, { reply: quote, edit: null })
    this.#save()
  }

  startEdit(id, text) {
    this.edit = { id, text }
    this.#save()
  }

  /** Ends the edit, saved or not; without an edit, the new message is no reply any more. */
  cancel() {
    if (this.edit) this.edit = null
    else this.reply = null
    this.#save()
  }

  /** Clears the new message after it was sent. */
  clear() {
    Object.assign(this, { newText: "", reply: null })
    this.#save()
  }

  /** Puts a refused message back, before the text that was begun since. */
  restore({ body, quote }) {
    this.newText = this.newText.trim() ? `${body}\n${this.newText}` : body
    this.reply ??= quote
    this.#save()
  }

  /** Reads the stored draft, which another tab may have changed. */
  load() {
    const { text = "", reply = null, edit = null } = parse(this.store.getItem(this.key))
    Object.assign(this, { newText: text, reply, edit })
  }

  #save() {
    const { newText: text, reply, edit } = this
    if (text.trim() || reply || edit) this.store.setItem(this.key, JSON.stringify({ text, reply, edit }))
    else this.store.removeItem(this.key)
  }
}

/** Parses a stored draft; earlier releases stored the bare text. */
function parse(stored) {
  if (stored === null) return {}
  try {
    const draft = JSON.parse(stored)
    if (typeof draft?.text === "string") return draft
  } catch {
    // Not JSON, so a bare text.
  }
  return { text: stored }
}
