import { messagePane } from "../../lib/room/message_pane.js"
import { permalink, quotedLine } from "../../lib/room/message_view.js"
import { room } from "../../lib/room/room.js"

/** Adds, updates and deletes the room's messages as their events come, and scrolls to where the page opens. */
export function mount(element) {
  room.on("chat-message", (message) => messagePane.receive(message))
  room.on("message-edited", update)
  room.on("message-deleted", update)
  room.on("lost", leave)
  room.on("member-left", ({ user }) => user?.username === room.me.username && leave())
  scrollToStart(element)
}

function update(message) {
  const { scroller, list } = messagePane
  const apply = () => {
    list.update(message)
    updateQuotes(message)
  }
  if (scroller.pinned) scroller.follow(apply)
  else scroller.keepPlace(apply)
}

/** Updates the line that replies quote of a message. */
function updateQuotes(message) {
  const line = quotedLine(message)
  for (const quote of messagePane.element.querySelectorAll(`.message-quote[href="${permalink(message.room, message.id)}"]`)) {
    quote.querySelector("[data-part=quote-body]").textContent = line
  }
}

function leave() {
  location.assign("/chat/")
}

/** Scrolls to the message that the address names, to the "New" line, or to the newest message. */
function scrollToStart(element) {
  const target = element.querySelector(".message.target")
  const newLine = element.querySelector(".new-line")
  if (target) {
    target.scrollIntoView({ block: "center" })
    messagePane.scroller.pinned = false
    return
  }
  messagePane.scroller.scrollToBottom()
  const hiddenAbove = newLine && element.getBoundingClientRect().top - newLine.getBoundingClientRect().top
  if (hiddenAbove > 0 || (newLine && !messagePane.attached)) messagePane.scrollTo(newLine)
}
