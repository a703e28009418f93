import { Emitter } from "../connection/emitter.js"
import { part } from "../page/dom.js"
import { MessageList } from "./message_list.js"
import { room } from "./room.js"
import { Scroller } from "./scroller.js"

const MAX_ROWS = 400
const MARGIN_ABOVE_PX = 80

/**
 * The scrolled pane of a room's messages. Emits "received" (message, row), "loaded" (after a page), and for other behaviours
 * "reply", "forward", "edit", "react" and "mark-unread" (row), "restore" (entry), "read-position" ({unread, read, passed}) and "read-all".
 * `attached` says whether the last row is the newest message. A page opened in the past is not attached: messages that
 * arrive wait in `deferred`, and their "received" has null for the row.
 */
class MessagePane extends Emitter {
  constructor(element) {
    super()
    this.element = element
    this.list = new MessageList(part(element, "messages"))
    this.scroller = new Scroller(element)
    this.attached = !room.newer
    this.deferred = []
  }

  receive(message) {
    if (!this.attached) {
      this.deferred.push(message)
      this.emit("received", message, null)
      return
    }
    this.scroller.follow(() => this.emit("received", message, this.list.upsert(message)))
    if (this.scroller.pinned) this.#trim()
  }

  /** Drops the oldest rows of a page that stays open for days; they load again on the way up. */
  #trim() {
    if (!this.list.trim(MAX_ROWS)) return
    part(this.element, "older").hidden = false
    part(this.element, "beginning").hidden = true
    this.scroller.scrollToBottom()
  }

  /** Scrolls a row to the top of the pane, MARGIN_ABOVE_PX below its edge. */
  scrollTo(row) {
    const { element, scroller } = this
    element.scrollTop += row.getBoundingClientRect().top - element.getBoundingClientRect().top - MARGIN_ABOVE_PX
    scroller.pinned = scroller.atBottom()
  }

  /** Shows the deferred messages, once the newest page is loaded. */
  attach() {
    this.attached = true
    // A row that is there was loaded later: it has what changed since the message came.
    for (const message of this.deferred.splice(0)) if (!this.list.row(message.id)) this.list.upsert(message)
  }
}

export const messagePane = room && new MessagePane(document.querySelector(".log"))
