import { part } from "../lib/dom.js"
import { room } from "../lib/room.js"
import { talk } from "../lib/talk.js"

/** "Latest ↓" for a reader who is further up, or "3 new ↓" when something has come meanwhile. */
export function mount(element) {
  const { scroller } = talk
  let fresh = 0

  const show = () => {
    if (talk.attached && scroller.atBottom()) fresh = 0
    element.hidden = talk.attached && scroller.atBottom()
    element.classList.toggle("fresh", fresh > 0)
    part(element, "jump-text").textContent = fresh ? `${fresh} new` : "Latest"
  }

  talk.element.addEventListener("scroll", show, { passive: true })
  talk.on("arrived", (message) => {
    if (message.sender.username !== room.me.username) fresh += 1
    queueMicrotask(show)
  })
  element.addEventListener("click", (event) => {
    if (!talk.attached) return
    event.preventDefault()
    scroller.toBottom()
    show()
  })
  show()
}
