import { part } from "../lib/dom.js"
import { live } from "../lib/live.js"
import { outbox } from "../lib/outgoing.js"
import { get } from "../lib/rest.js"
import { room } from "../lib/room.js"
import { storage } from "../lib/storage.js"
import { talk } from "../lib/talk.js"
import { uuid } from "../lib/uuid.js"
import { Drafts } from "../models/drafts.js"

/** Where I write: sends, replies, edits, and keeps what I began. */
export function mount(form) {
  const composer = new Composer(form)
  talk.on("reply", (row) => composer.reply(row))
  talk.on("edit", (row) => composer.edit(row))
}

class Composer {
  constructor(form) {
    this.form = form
    this.text = part(form, "text")
    this.drafts = new Drafts(storage, room.me.username)
    this.about = null
    this.text.value ||= this.drafts.get(room.slug)
    // A longer text is refused by the server anyway; the browser's own refusal would swallow Enter without a word.
    form.noValidate = true
    form.addEventListener("submit", (event) => this.submit(event))
    this.text.addEventListener("keydown", (event) => this.key(event))
    this.text.addEventListener("input", () => this.changed())
    part(form, "context-close").addEventListener("click", () => this.cancel())
    room.on("joined", () => this.saveAgain())
    if (matchMedia("(pointer: fine)").matches) this.text.focus({ preventScroll: true })
    this.grow()
  }

  changed() {
    if (this.about?.kind !== "edit") this.drafts.set(room.slug, this.text.value)
    this.complain("")
    this.grow()
  }

  /** Browsers without `field-sizing` are told the height. */
  grow() {
    if (CSS.supports("field-sizing", "content")) return
    this.text.style.height = "auto"
    this.text.style.height = `${this.text.scrollHeight}px`
  }

  key(event) {
    if (event.defaultPrevented || event.isComposing) return
    if (event.key === "Enter" && !event.shiftKey && !matchMedia("(pointer: coarse)").matches) {
      event.preventDefault()
      this.form.requestSubmit()
    } else if (event.key === "ArrowUp" && this.text.value === "") {
      const rows = talk.list.rows().filter((row) => row.dataset.user === room.me.username && !row.classList.contains("deleted"))
      if (rows.length) event.preventDefault()
      if (rows.length) this.edit(rows.at(-1))
    } else if (event.key === "Escape" && this.about) {
      event.preventDefault()
      this.cancel()
    }
  }

  submit(event) {
    event.preventDefault()
    const body = this.text.value
    if (!body.trim()) return
    if (this.about?.kind === "edit") this.save(body)
    else this.send(body)
    this.text.focus()
  }

  send(body) {
    const quote = this.about?.quote ?? null
    outbox.add({ client_id: uuid(), room: room.slug, body, reply_to: quote?.id ?? null, quote })
    this.text.dispatchEvent(new CustomEvent("sent"))
    this.cancel()
    this.write("")
    if (talk.attached) talk.scroller.toBottom()
    else location.assign(`/chat/${room.slug}?latest=1`)
  }

  async save(body) {
    const { id } = this.about
    try {
      await live.request("edit-message", { id, body })
      if (this.about?.id === id) this.cancel()
    } catch (error) {
      this.complain(`Not saved. ${error.detail}`)
      // To save the same text again changes nothing, so that it need not be asked for.
      if (["offline", "timeout"].includes(error.code)) this.unsaved = id
    }
  }

  saveAgain() {
    const { unsaved } = this
    this.unsaved = null
    if (unsaved && this.about?.id === unsaved) this.save(this.text.value)
  }

  reply(row) {
    const name = part(row, "name").textContent
    const body = part(row, "body").textContent.trim().split("\n")[0].slice(0, 140)
    const quote = { id: Number(row.dataset.id), sender: { display_name: name }, body }
    if (this.about?.kind === "edit") this.cancel()
    this.turnTo({ kind: "reply", quote }, `Replying to ${name}: ${body}`)
  }

  async edit(row) {
    const id = Number(row.dataset.id)
    try {
      const { body } = await get(`/message/${id}`)
      this.turnTo({ kind: "edit", id }, "Editing your message. Esc keeps it as it was.")
      this.write(body)
    } catch (error) {
      this.complain(error.detail)
    }
  }

  turnTo(about, words) {
    this.about = about
    part(this.form, "context").hidden = false
    part(this.form, "context-text").textContent = words
    this.text.focus()
  }

  cancel() {
    const edited = this.about?.kind === "edit"
    this.about = null
    part(this.form, "context").hidden = true
    if (edited) this.write(this.drafts.get(room.slug))
    this.complain("")
  }

  write(text) {
    this.text.value = text
    this.text.setSelectionRange(text.length, text.length)
    this.changed()
  }

  complain(words) {
    const error = part(this.form, "error")
    error.textContent = words
    error.hidden = !words
  }
}
