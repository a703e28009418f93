import { part } from "../lib/dom.js"
import { live } from "../lib/live.js"
import { nameOf } from "../lib/people.js"
import { room } from "../lib/room.js"
import { handle, isAlike } from "../lib/signs.js"
import { sentence, Typists } from "../models/typing.js"

/** "Ada and Bo are typing…" */
export function mount(element) {
  const typists = new Typists()

  const show = () => {
    const people = typists.current().map((username) => ({ username, display_name: nameOf(username) }))
    const names = people.map((person) => (isAlike(person.username) ? person.display_name + handle(person) : person.display_name))
    const usernames = people.map(handle).filter(Boolean).join(",").trim()
    part(element, "text").textContent = sentence(names)
    part(element, "usernames").textContent = usernames && ` (${usernames})`
    element.title = usernames
    element.querySelector(".typing-dots").toggleAttribute("hidden", people.length === 0)
  }

  live.on("typing", ({ room: slug, user, typing }) => {
    if (slug !== room.slug) return
    typists.note(user.username, typing)
    show()
  })
  room.on("joined", ({ typing }) => {
    for (const username of typing) typists.note(username, true)
    show()
  })
  room.on("chat-message", ({ sender }) => {
    typists.note(sender.username, false)
    show()
  })
  setInterval(show, 1000)
}
