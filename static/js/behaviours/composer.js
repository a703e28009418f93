import { part } from "../lib/dom.js"
import { live } from "../lib/live.js"
import { outbox } from "../lib/outgoing.js"
import { get } from "../lib/rest.js"
import { room } from "../lib/room.js"
import { handle, isAlike } from "../lib/signs.js"
import { storage } from "../lib/storage.js"
import { talk } from "../lib/talk.js"
import { toast } from "../lib/toast.js"
import { uuid } from "../lib/uuid.js"
import { tooLong } from "../models/characters.js"
import { Draft } from "../models/draft.js"

/** Where I write: sends, replies, edits, and keeps what I began. */
export function mount(form) {
  const composer = new Composer(form)
  talk.on("reply", (row) => composer.reply(row))
  talk.on("edit", (row) => composer.edit(row))
  talk.on("take-back", (entry) => composer.takeBack(entry))
}

class Composer {
  constructor(form) {
    this.form = form
    this.text = part(form, "text")
    this.most = Number(this.text.dataset.most)
    this.draft = new Draft(storage, room.me.username, room.slug)
    this.begun()
    // The browser's own refusals would swallow Enter without a word.
    form.noValidate = true
    form.addEventListener("submit", (event) => this.submit(event))
    this.text.addEventListener("keydown", (event) => this.key(event))
    this.text.addEventListener("input", () => this.changed())
    part(form, "context-close").addEventListener("click", () => this.turnBack())
    room.on("joined", () => this.saveAgain())
    // Of another tab, or of the time when this page slept.
    addEventListener("storage", ({ key }) => key === this.draft.key && this.adopt())
    addEventListener("pageshow", ({ persisted }) => persisted && this.adopt())
    this.show()
    if (matchMedia("(pointer: fine)").matches) this.text.focus({ preventScroll: true })
  }

  /** What was written before this script came, or given back by the server to a form that it refused. */
  begun() {
    const { value: body } = this.text
    if (body.trim() && body !== this.draft.text) this.draft.takeBack({ body, quote: null })
  }

  changed() {
    this.draft.typed(this.text.value)
    this.complain(tooLong(this.text.value, this.most))
    this.grow()
  }

  adopt() {
    this.draft.adopt()
    this.show()
  }

  /** The draft as it is. */
  show() {
    const { text, reply, edit } = this.draft
    if (this.text.value !== text) {
      this.text.value = text
      this.text.setSelectionRange(text.length, text.length)
    }
    part(this.form, "context").hidden = !reply && !edit
    part(this.form, "context-text").textContent = edit ? "Editing your message. Esc keeps it as it was." : reply ? `Replying to ${nameOf(reply.sender)}: ${reply.body}` : ""
    this.complain(tooLong(text, this.most))
    this.grow()
  }

  /** Browsers without `field-sizing` are told the height. */
  grow() {
    if (CSS.supports("field-sizing", "content")) return
    this.text.style.height = "auto"
    this.text.style.height = `${this.text.scrollHeight}px`
  }

  key(event) {
    if (event.defaultPrevented) return
    if (event.key === "Enter" && !event.shiftKey && !matchMedia("(pointer: coarse)").matches) {
      event.preventDefault()
      this.form.requestSubmit()
    } else if (event.key === "ArrowUp" && this.text.value === "") {
      const rows = talk.list.rows().filter((row) => row.dataset.user === room.me.username && !row.classList.contains("deleted"))
      if (rows.length) event.preventDefault()
      if (rows.length) this.edit(rows.at(-1))
    } else if (event.key === "Escape" && (this.draft.edit || this.draft.reply)) {
      event.preventDefault()
      this.turnBack()
    }
  }

  submit(event) {
    event.preventDefault()
    const body = this.text.value
    if (!body.trim() || tooLong(body, this.most)) return
    if (this.draft.edit) this.save(body)
    else this.send(body)
    this.text.focus()
  }

  send(body) {
    const { reply: quote } = this.draft
    outbox.add({ client_id: uuid(), room: room.slug, body, reply_to: quote?.id ?? null, quote })
    this.text.dispatchEvent(new CustomEvent("sent"))
    this.draft.sent()
    this.show()
    if (talk.attached) talk.scroller.toBottom()
    else location.assign(`/chat/${room.slug}?latest=1`)
  }

  async save(body) {
    const { id } = this.draft.edit
    try {
      await live.request("edit-message", { id, body })
      if (this.draft.edit?.id === id) this.turnBack()
    } catch (error) {
      this.complain(`Not saved. ${error.detail}`)
      // To save the same text again changes nothing, so that it need not be asked for.
      if (["offline", "timeout"].includes(error.code)) this.unsaved = id
    }
  }

  saveAgain() {
    const { unsaved } = this
    this.unsaved = null
    if (unsaved && this.draft.edit?.id === unsaved) this.save(this.text.value)
  }

  reply(row) {
    const body = part(row, "body").innerText.trim().split("\n")[0].slice(0, 140)
    const sender = { username: row.dataset.user, display_name: part(row, "name").textContent }
    this.draft.answer({ id: Number(row.dataset.id), sender, body })
    this.show()
    this.text.focus()
  }

  async edit(row) {
    const id = Number(row.dataset.id)
    try {
      const { body } = await get(`/message/${id}`)
      this.draft.change(id, body)
      this.show()
      this.text.focus()
    } catch (error) {
      this.complain(error.detail)
    }
  }

  takeBack(entry) {
    this.draft.takeBack(entry)
    this.show()
    this.text.focus()
    if (this.draft.edit) toast("It is here again when this edit is done")
  }

  turnBack() {
    this.draft.turnBack()
    this.show()
  }

  complain(words) {
    const error = part(this.form, "error")
    error.textContent = words
    error.hidden = !words
  }
}

/** The name of who is answered, with the username where somebody else's name looks like it. */
function nameOf(sender) {
  return sender.display_name + (isAlike(sender.username) ? handle(sender) : "")
}
