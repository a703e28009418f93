import { part } from "../../lib/page/dom.js"
import { messagePane } from "../../lib/room/message_pane.js"
import { room } from "../../lib/room/room.js"

/** Shows "Latest ↓" to a reader who is further up, or "3 new ↓" when messages have arrived since. */
export function mount(element) {
  const { scroller } = messagePane
  let arrived = 0

  const render = () => {
    const atLatest = messagePane.attached && scroller.atBottom()
    if (atLatest) arrived = 0
    element.hidden = atLatest
    element.classList.toggle("fresh", arrived > 0)
    part(element, "jump-text").textContent = arrived ? `${arrived} new` : "Latest"
  }

  messagePane.element.addEventListener("scroll", render, { passive: true })
  messagePane.on("received", (message) => {
    if (message.sender.username !== room.me.username) arrived += 1
    queueMicrotask(render)
  })
  element.addEventListener("click", (event) => {
    if (!messagePane.attached) return
    event.preventDefault()
    scroller.scrollToBottom()
    render()
  })
  render()
}
