import { connection } from "../../lib/connection/connection.js"
import { part } from "../../lib/page/dom.js"
import { distinctName, usernameSuffix } from "../../lib/people/names.js"
import { displayNameOf } from "../../lib/room/members.js"
import { room } from "../../lib/room/room.js"
import { TypingUsers, typingSentence } from "../../models/typing.js"

const EXPIRY_CHECK_MS = 1000

/** Shows who is typing: "Ada and Bo are typing…" */
export function mount(element) {
  const typingUsers = new TypingUsers()

  const render = () => {
    const people = typingUsers.current().map((username) => ({ username, display_name: displayNameOf(username) }))
    const usernames = people.map(usernameSuffix).filter(Boolean).join(",").trim()
    part(element, "text").textContent = typingSentence(people.map(distinctName))
    part(element, "usernames").textContent = usernames && ` (${usernames})`
    element.title = usernames
    element.querySelector(".typing-dots").toggleAttribute("hidden", people.length === 0)
  }

  connection.on("typing", ({ room: slug, user, typing }) => {
    if (slug !== room.slug) return
    typingUsers.set(user.username, typing)
    render()
  })
  room.on("joined", ({ typing }) => {
    for (const username of typing) typingUsers.set(username, true)
    render()
  })
  room.on("chat-message", ({ sender }) => {
    typingUsers.set(sender.username, false)
    render()
  })
  setInterval(render, EXPIRY_CHECK_MS)
}
