import { part } from "./dom.js"
import { Emitter } from "./emitter.js"
import { MessageList } from "./message_list.js"
import { room } from "./room.js"
import { Scroller } from "./scroller.js"

const MOST_ROWS = 400
const ABOVE_PX = 80

/**
 * What is shown of the room's talk. Emits "arrived" (message, row), "loaded" (a page), and "reply" and "edit" (row) for the composer.
 * `attached` says whether the last row is the newest message; where an old page is open it is not, and what comes
 * waits in `later`.
 */
class Talk extends Emitter {
  constructor(element) {
    super()
    this.element = element
    this.list = new MessageList(part(element, "messages"))
    this.scroller = new Scroller(element)
    this.attached = !room.newer
    this.later = []
  }

  receive(message) {
    if (!this.attached) {
      this.later.push(message)
      this.emit("arrived", message, null)
      return
    }
    this.scroller.follow(() => this.emit("arrived", message, this.list.put(message)))
    if (this.scroller.pinned) this.#lighten()
  }

  /** A page that is open for days keeps only what its reader is near; the rest loads again on the way up. */
  #lighten() {
    if (!this.list.trim(MOST_ROWS)) return
    part(this.element, "older").hidden = false
    part(this.element, "beginning").hidden = true
    this.scroller.toBottom()
  }

  /** A row to the top of the page, with a little of what is above it. */
  goTo(row) {
    const { element, scroller } = this
    element.scrollTop += row.getBoundingClientRect().top - element.getBoundingClientRect().top - ABOVE_PX
    scroller.pinned = scroller.atBottom()
  }

  attach() {
    this.attached = true
    for (const message of this.later.splice(0)) this.list.put(message)
  }
}

export const talk = room && new Talk(document.querySelector(".log"))
