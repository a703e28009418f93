import { connection } from "../connection/connection.js"
import { get } from "../connection/rest.js"
import { part } from "../page/dom.js"
import { OptionList } from "../page/option_list.js"
import { toast } from "../page/toast.js"
import { uuid } from "../page/uuid.js"
import { lengthError } from "../../models/message_length.js"
import { textOf } from "./message_view.js"
import { room } from "./room.js"
import { roomItem, sidebarItems } from "./room_items.js"

const SEARCH_DELAY_MS = 150

/** Asks where to forward a message to, and sends it there with the text that is written beside it. */
export class ForwardDialog {
  constructor(dialog) {
    this.dialog = dialog
    this.form = dialog.querySelector("form")
    this.input = part(dialog, "room")
    this.text = part(dialog, "text")
    const [empty, onEnter] = [part(dialog, "empty"), () => this.form.requestSubmit()]
    this.options = new OptionList(this.input, { empty, onEnter, onSelect: (item) => this.choose(item) })
    this.input.addEventListener("input", () => this.search())
    this.options.list.addEventListener("click", (event) => {
      const item = this.options.itemAt(event)
      if (item) this.options.select(this.options.matches.indexOf(item))
    })
    part(dialog, "cancel").addEventListener("click", () => dialog.close())
    this.form.addEventListener("submit", (event) => {
      event.preventDefault()
      this.send()
    })
  }

  open(row) {
    this.message = Number(row.dataset.id)
    this.sent = null
    this.text.value = ""
    this.showError("")
    // Of a message that is forwarded itself, that goes on.
    part(this.dialog, "quote").textContent = (part(row, "forwarded-body")?.innerText.trim() || textOf(row)).slice(0, 300)
    this.dialog.showModal()
    this.options.start(sidebarItems().filter(isElsewhere))
    this.input.focus()
  }

  choose(item) {
    part(this.dialog, "send").textContent = item ? `Forward to ${item.name}` : "Forward"
    part(this.dialog, "send").disabled = !item
  }

  /** Looks on the server for rooms beyond those of the sidebar. */
  search() {
    clearTimeout(this.timer)
    const q = this.input.value.trim()
    const find = () => get("/room", { mine: true, q }).then(({ results }) => this.options.add(results.filter(isOpen).map(roomItem).filter(isElsewhere)), () => {})
    if (q) this.timer = setTimeout(find, SEARCH_DELAY_MS)
  }

  async send() {
    const { selected: item } = this.options
    const body = this.text.value
    const tooLong = lengthError(body, Number(this.text.dataset.most))
    if (!item || tooLong || this.sending) return this.showError(tooLong)
    const data = { room: item.slug, body, forward: this.message }
    // A button that is disabled loses the focus to the page.
    this.setSending(true)
    try {
      await connection.request("chat-message", { ...data, client_id: this.clientId(data) })
      this.dialog.close()
      toast(`Forwarded to ${item.name}`)
    } catch (error) {
      this.showError(`Not forwarded. ${error.detail}`)
    }
    this.setSending(false)
  }

  setSending(sending) {
    this.sending = sending
    part(this.dialog, "send").setAttribute("aria-disabled", sending)
  }

  /** The same id for the same again: after a lost answer it finds what was stored. */
  clientId(data) {
    const content = JSON.stringify(data)
    if (this.sent?.content !== content) this.sent = { content, id: uuid() }
    return this.sent.id
  }

  showError(words) {
    part(this.dialog, "error").textContent = words
    part(this.dialog, "error").hidden = !words
  }
}

const isOpen = ({ kind, archived }) => kind !== "direct" && !archived
const isElsewhere = ({ slug }) => slug !== room.slug
