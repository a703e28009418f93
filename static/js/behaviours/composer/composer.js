import { connection } from "../../lib/connection/connection.js"
import { outbox, queueMessage } from "../../lib/connection/outbox.js"
import { get, post, put, remove } from "../../lib/connection/rest.js"
import { formatShortDate } from "../../lib/page/dates.js"
import { part } from "../../lib/page/dom.js"
import { askTime, timeFields } from "../../lib/page/later_dialog.js"
import { storage } from "../../lib/page/storage.js"
import { toast } from "../../lib/page/toast.js"
import { uuid } from "../../lib/page/uuid.js"
import { distinctName } from "../../lib/people/names.js"
import { attachments } from "../../lib/room/attachments.js"
import { messagePane } from "../../lib/room/message_pane.js"
import { textOf } from "../../lib/room/message_view.js"
import { missed } from "../../lib/room/missed.js"
import { room } from "../../lib/room/room.js"
import { Draft } from "../../models/draft.js"
import { DraftSync } from "../../models/draft_sync.js"
import { lengthError } from "../../models/message_length.js"

/** Sends messages, replies and edits out of the form, now or later, and keeps the draft, here and on the server. */
export function mount(form) {
  const composer = new Composer(form)
  messagePane.on("reply", (row) => composer.startReply(row))
  messagePane.on("edit", (row) => composer.startEdit(row))
  messagePane.on("restore", (entry) => composer.restore(entry))
}

class Composer {
  constructor(form) {
    this.form = form
    this.field = part(form, "text")
    this.maxLength = Number(this.field.dataset.most)
    this.draft = new Draft(storage, room.me.username, room.slug)
    this.sync = new DraftSync({
      draft: this.draft,
      save: (data) => put(`/draft/${room.slug}`, { ...data, origin: connection.id }, { keepalive: true }),
      remove: (version) => remove(`/draft/${room.slug}`, { version, origin: connection.id }, { keepalive: true }),
      read: () => get(`/draft/${room.slug}`),
      maxLength: this.maxLength,
      onAdopt: () => this.render(),
      onConflict: (theirs) => this.showConflict(theirs),
    })
    this.open()
    // The browser's own validation would swallow Enter without a word.
    form.noValidate = true
    form.addEventListener("submit", (event) => this.onSubmit(event))
    this.field.addEventListener("keydown", (event) => this.onKey(event))
    this.field.addEventListener("input", () => this.onInput())
    part(form, "context-close").addEventListener("click", () => this.cancel())
    room.on("joined", () => this.retryEdit())
    attachments.on("changed", () => this.showError(lengthError(this.field.value, this.maxLength)))
    // Another tab changed the draft, perhaps while this page was suspended.
    addEventListener("storage", ({ key }) => key === this.draft.key && this.reloadDraft())
    addEventListener("pageshow", ({ persisted }) => persisted && this.reloadDraft())
    addEventListener("pagehide", () => this.sync.push())
    document.addEventListener("visibilitychange", () => document.hidden && this.sync.push())
    connection.on("draft-changed", (theirs) => theirs.room === room.slug && this.sync.receive(theirs))
    missed.on("drafts", () => this.catchUp())
    part(form, "conflict-mine").addEventListener("click", () => this.sync.keepMine())
    part(form, "conflict-theirs").addEventListener("click", () => this.sync.takeTheirs())
    this.render()
    if (matchMedia("(pointer: fine)").matches) this.field.focus({ preventScroll: true })
  }

  /**
   * Begins with the server's draft, with which the form is filled. What else is in the field was typed before this script ran,
   * or put back by the server into a form which it refused.
   */
  open() {
    const { value: typed } = this.field
    const { draft: theirs } = room
    this.sync.receive(theirs)
    if (typed.trim() && typed !== theirs.body && typed !== this.draft.text) {
      const goesOn = theirs.body && this.draft.text === theirs.body && typed.startsWith(theirs.body)
      if (goesOn) this.draft.setText(typed)
      else this.draft.restore({ body: typed, quote: null })
    }
    this.sync.saveSoon()
  }

  /** Asks what other devices wrote meanwhile, and sends what was written here. */
  async catchUp() {
    await get(`/draft/${room.slug}`).then((theirs) => this.sync.receive(theirs), () => {})
    this.sync.push()
  }

  showConflict(theirs) {
    part(this.form, "conflict").hidden = !theirs
    if (theirs) part(this.form, "conflict-text").textContent = `On another device: ${theirs.body.trim().split("\n")[0] || "a reply"}`
    else if (document.activeElement?.closest("[data-part=conflict]")) this.field.focus()
  }

  onInput() {
    this.draft.setText(this.field.value)
    this.sync.typed()
    this.showError(lengthError(this.field.value, this.maxLength))
    this.resize()
  }

  reloadDraft() {
    this.draft.load()
    this.render()
    this.sync.saveSoon()
  }

  render() {
    const { text, reply, edit } = this.draft
    if (this.field.value !== text) {
      this.field.value = text
      this.field.setSelectionRange(text.length, text.length)
    }
    part(this.form, "context").hidden = !reply && !edit
    part(this.form, "context-text").textContent = contextText(this.draft)
    this.showError(lengthError(text, this.maxLength))
    this.resize()
  }

  /** Sets the field's height in browsers without `field-sizing`. */
  resize() {
    if (CSS.supports("field-sizing", "content")) return
    this.field.style.height = "auto"
    this.field.style.height = `${this.field.scrollHeight}px`
  }

  onKey(event) {
    if (event.defaultPrevented) return
    if (event.key === "Enter" && !event.shiftKey && !matchMedia("(pointer: coarse)").matches) {
      event.preventDefault()
      this.form.requestSubmit()
    } else if (event.key === "ArrowUp" && this.field.value === "") {
      const last = ownMessages().at(-1)
      if (!last) return
      event.preventDefault()
      this.startEdit(last)
    } else if (event.key === "Escape" && (this.draft.edit || this.draft.reply)) {
      event.preventDefault()
      this.cancel()
    }
  }

  onSubmit(event) {
    event.preventDefault()
    const body = this.field.value
    if ((!body.trim() && !this.hasMore()) || lengthError(body, this.maxLength)) return
    if (event.submitter?.dataset.part === "later") return this.sendLater(body)
    if (!this.draft.edit && attachments.failed) return this.showError("A file can't be sent. Try it again, or take it away.")
    if (!this.draft.edit && outbox.full) return this.showError("Too many messages wait to be sent. Discard some, or wait for the connection.")
    if (this.draft.edit) this.saveEdit(body)
    else this.send(body)
    this.field.focus()
  }

  /** Whether there are files, or what an edited message forwards, with which it needs no text. */
  hasMore() {
    const { edit } = this.draft
    if (!edit) return attachments.keys.length > 0
    const row = messagePane.list.row(edit.id)
    // The server knows of a row that isn't on the page.
    return !row || Boolean(part(row, "files")?.dataset.ids || part(row, "forwarded"))
  }

  send(body) {
    const { reply: quote } = this.draft
    queueMessage({ client_id: uuid(), room: room.slug, body, reply_to: quote?.id ?? null, quote, files: attachments.take() })
    this.field.dispatchEvent(new CustomEvent("sent"))
    this.draft.clear()
    this.sync.push()
    this.render()
    if (messagePane.attached) messagePane.scroller.scrollToBottom()
    else location.assign(`/chat/${room.slug}?latest=1`)
  }

  /** Has the server send it later; what is written stays until the server has it. */
  async sendLater(body) {
    if (this.draft.edit) return this.showError("An edit is saved at once.")
    if (attachments.uploads.some(({ state }) => state !== "done")) return this.showError("Wait until the files are uploaded, or take them away.")
    const moment = await askTime("Send later", ["tomorrow", "monday"])
    if (!moment) return
    const files = attachments.uploads.map(({ file }) => file.id)
    const data = { room: room.slug, body, reply_to: this.draft.reply?.id ?? null, files, ...timeFields("send_at", moment) }
    try {
      await post("/scheduled", { ...data, client_id: this.laterId(data) })
      // The server keeps them now; giving them back would delete them.
      attachments.take()
      if (this.draft.newText === body) this.draft.clear()
      this.sync.push()
      this.render()
      toast(`Scheduled: ${formatShortDate(moment)}`)
    } catch (error) {
      this.showError(`Not scheduled. ${error.detail}`)
    }
  }

  /** The same id for the same again: after a lost answer it finds what was stored. */
  laterId(data) {
    const content = JSON.stringify(data)
    if (this.later?.content !== content) this.later = { content, id: uuid() }
    return this.later.id
  }

  async saveEdit(body) {
    const { id } = this.draft.edit
    try {
      await connection.request("edit-message", { id, body })
      if (this.draft.edit?.id === id) this.cancel()
    } catch (error) {
      this.showError(`Not saved. ${error.detail}`)
      // An edit is idempotent, so it is sent again without asking.
      if (["offline", "timeout"].includes(error.code)) this.unsavedId = id
    }
  }

  retryEdit() {
    const { unsavedId } = this
    this.unsavedId = null
    if (unsavedId && this.draft.edit?.id === unsavedId) this.saveEdit(this.field.value)
  }

  startReply(row) {
    const body = textOf(row).split("\n")[0].slice(0, 140)
    const sender = { username: row.dataset.user, display_name: part(row, "name").textContent }
    this.draft.replyTo({ id: Number(row.dataset.id), sender, body })
    this.sync.saveSoon()
    this.render()
    this.field.focus()
  }

  async startEdit(row) {
    const id = Number(row.dataset.id)
    try {
      const { body } = await get(`/message/${id}`)
      this.draft.startEdit(id, body)
      this.render()
      this.field.focus()
    } catch (error) {
      this.showError(error.detail)
    }
  }

  /** Puts the text of a refused message back into the draft. */
  restore(entry) {
    this.draft.restore(entry)
    this.sync.saveSoon()
    attachments.restore(entry.files)
    this.render()
    this.field.focus()
    if (this.draft.edit) toast("It is here again when this edit is done")
  }

  /** Ends the edit or the reply. */
  cancel() {
    this.draft.cancel()
    this.sync.saveSoon()
    this.render()
  }

  showError(words) {
    const error = part(this.form, "error")
    error.textContent = words
    error.hidden = !words
  }
}

function contextText({ reply, edit }) {
  if (edit) return "Editing your message. Esc keeps it as it was."
  return reply ? `Replying to ${distinctName(reply.sender)}: ${reply.body}` : ""
}

function ownMessages() {
  return messagePane.list.rows().filter((row) => row.dataset.user === room.me.username && !row.classList.contains("deleted"))
}
