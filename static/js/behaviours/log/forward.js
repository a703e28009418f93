import { connection } from "../../lib/connection/connection.js"
import { get } from "../../lib/connection/rest.js"
import { part } from "../../lib/page/dom.js"
import { OptionList } from "../../lib/page/option_list.js"
import { toast } from "../../lib/page/toast.js"
import { uuid } from "../../lib/page/uuid.js"
import { messagePane } from "../../lib/room/message_pane.js"
import { textOf } from "../../lib/room/message_view.js"
import { room } from "../../lib/room/room.js"
import { roomItem, sidebarItems } from "../../lib/room/room_items.js"
import { lengthError } from "../../models/message_length.js"

const SEARCH_DELAY_MS = 150

/** Asks in a dialog where to forward a message to, and sends it there with the text that is written beside it. */
export function mount(dialog) {
  const forward = new ForwardDialog(dialog)
  messagePane.on("forward", (row) => forward.open(row))
}

class ForwardDialog {
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
    if (!item || tooLong) return this.showError(tooLong)
    const data = { room: item.slug, body, forward: this.message }
    part(this.dialog, "send").disabled = true
    try {
      await connection.request("chat-message", { ...data, client_id: this.clientId(data) })
      this.dialog.close()
      toast(`Forwarded to ${item.name}`)
    } catch (error) {
      this.showError(`Not forwarded. ${error.detail}`)
    }
    part(this.dialog, "send").disabled = false
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
