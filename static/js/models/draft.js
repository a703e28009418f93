/**
 * The unsent text of one person in one room: a new message with the message that it replies to, and on top of it an edit
 * of an older message. All tabs share it, and it outlives page and session. `store` is like localStorage.
 *
 * `reply` is a quote {id, sender, body} or null, `edit` {id, text} or null. The new message is the server's too
 * (models/draft_sync.js): `version` is that of the server's draft which this device has seen last, `dirty` says that the
 * server hasn't got the newest, `sent` is what it was sent last, {text, reply}. An edit stays on this device.
 */
export class Draft {
  /** Counts changes, also those of other tabs. */
  changes = 0

  constructor(store, owner, room) {
    this.store = store
    this.key = `draft:${owner}:${room}`
    this.load()
  }

  /** The text that the composer shows: the edit's, where there is one. */
  get text() {
    return this.edit?.text ?? this.newText
  }

  /** Whether there is no new message. */
  get empty() {
    return !this.newText.trim() && !this.reply
  }

  setText(text) {
    if (!this.edit) return this.#change({ newText: text })
    this.edit.text = text
    this.#save()
  }

  replyTo(quote) {
    this.edit = null
    this.#change({ reply: quote })
  }

  startEdit(id, text) {
    this.edit = { id, text }
    this.#save()
  }

  /** Ends the edit, saved or not; without an edit, the new message is no reply any more. */
  cancel() {
    if (!this.edit) return this.#change({ reply: null })
    this.edit = null
    this.#save()
  }

  /** Clears the new message after it was sent. */
  clear() {
    this.#change({ newText: "", reply: null })
  }

  /** Puts a refused message back, before the text that was begun since. */
  restore({ body, quote }) {
    this.#change({ newText: this.newText.trim() ? `${body}\n${this.newText}` : body, reply: this.reply ?? quote })
  }

  /** Reads the stored draft, which another tab may have changed. */
  load() {
    const { text = "", reply = null, edit = null, version, dirty, sent = null } = parse(this.store.getItem(this.key))
    // Earlier releases kept it on this device alone.
    const unknown = version === undefined && Boolean(text.trim() || reply)
    Object.assign(this, { newText: text, reply, edit, version: version ?? 0, dirty: dirty ?? unknown, sent })
    this.changes += 1
  }

  /** Notes what is being sent to the server. */
  noteSent() {
    this.sent = { text: this.newText, reply: this.reply?.id ?? null }
    this.#save()
  }

  /** Notes the server's version; `settled` says that it has the newest. */
  see(version, settled) {
    Object.assign(this, { version, dirty: !settled, sent: settled ? null : this.sent })
    this.#save()
  }

  /** Takes the server's draft, which another device has changed. */
  adopt({ body, reply_to, version }) {
    Object.assign(this, { newText: body, reply: reply_to, version, dirty: false, sent: null })
    this.#save()
  }

  #change(values) {
    Object.assign(this, values, { dirty: true })
    this.changes += 1
    if (this.empty && !this.version && !this.sent) this.dirty = false
    this.#save()
  }

  #save() {
    const { newText: text, reply, edit, version, dirty, sent } = this
    if (!this.empty || edit || version || sent) {
      this.store.setItem(this.key, JSON.stringify({ text, reply, edit, version, dirty, sent }))
    } else this.store.removeItem(this.key)
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
