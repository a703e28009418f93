import { link } from "../lib/message_view.js"
import { room } from "../lib/room.js"
import { talk } from "../lib/talk.js"

/** The room's messages as they come, change and go. */
export function mount(element) {
  room.on("chat-message", (message) => talk.receive(message))
  room.on("message-edited", change)
  room.on("message-deleted", change)
  room.on("lost", leave)
  room.on("member-left", ({ user }) => user?.username === room.me.username && leave())
  settle(element)
}

function change(message) {
  const { scroller, list } = talk
  const apply = () => {
    list.update(message)
    requote(message)
  }
  if (scroller.pinned) scroller.follow(apply)
  else scroller.keepPlace(apply)
}

/** The line that replies show of it. */
function requote(message) {
  const line = message.body.split("\n").find((text) => text.trim()) ?? "message deleted"
  for (const quote of talk.element.querySelectorAll(`.message-quote[href="${link(message.room, message.id)}"]`)) {
    quote.querySelector("[data-part=quote-body]").textContent = line
  }
}

function leave() {
  location.assign("/chat/")
}

/** Where the page opens: at the message it was asked for, at the "New" line, or at the newest. */
function settle(element) {
  const target = element.querySelector(".message.target")
  const fresh = element.querySelector(".new-line")
  if (target) {
    target.scrollIntoView({ block: "center" })
    talk.scroller.pinned = false
    return
  }
  talk.scroller.toBottom()
  const above = fresh && element.getBoundingClientRect().top - fresh.getBoundingClientRect().top
  if (above > 0 || (fresh && !talk.attached)) talk.goTo(fresh)
}
