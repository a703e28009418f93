import { allShown, people } from "../lib/people.js"
import { get } from "../lib/rest.js"
import { room } from "../lib/room.js"
import { replace } from "../lib/text.js"
import { candidates, complete, mentionAt } from "../models/mention.js"

const PAUSE_MS = 150

/** Offers the members of the room behind an `@`; of a large room, whom the page doesn't show is asked for. */
export function mount(text) {
  const completion = new Completion(text, document.getElementById("completions"))
  text.addEventListener("input", () => completion.look())
  text.addEventListener("click", () => completion.look())
  text.addEventListener("keydown", (event) => completion.key(event), { capture: true })
  text.addEventListener("blur", () => completion.close())
}

class Completion {
  constructor(text, list) {
    Object.assign(this, { text, list, found: [], index: 0, mention: null })
    text.setAttribute("aria-autocomplete", "list")
    text.setAttribute("aria-controls", list.id)
    text.setAttribute("aria-haspopup", "listbox")
    // Before the blur that a click would cause.
    list.addEventListener("pointerdown", (event) => {
      event.preventDefault()
      const option = event.target.closest("[role=option]")
      if (option) this.take([...list.children].indexOf(option))
    })
  }

  look() {
    const { value, selectionStart } = this.text
    this.mention = mentionAt(value, selectionStart)
    this.offer(people())
    clearTimeout(this.pause)
    if (this.mention?.query && !allShown()) this.pause = setTimeout(() => this.ask(this.mention), PAUSE_MS)
  }

  async ask(mention) {
    const { results } = await get(`/room/${room.slug}/member`, { q: mention.query, limit: 20 }).catch(() => ({ results: [] }))
    if (this.mention !== mention || !results.length) return
    const known = new Set(people().map((person) => person.username))
    this.offer([...people(), ...results.map(({ user }) => user).filter((user) => !known.has(user.username))])
  }

  offer(some) {
    this.found = this.mention ? candidates(some, this.mention.query) : []
    this.index = 0
    this.show()
  }

  show() {
    const open = this.found.length > 0
    this.list.hidden = !open
    this.list.replaceChildren(...this.found.map((person, place) => option(person, place, place === this.index)))
    if (open) this.text.setAttribute("aria-activedescendant", `completion-${this.index}`)
    else this.text.removeAttribute("aria-activedescendant")
  }

  key(event) {
    if (this.list.hidden) return
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step) this.index = (this.index + step + this.found.length) % this.found.length
    else if (event.key === "Enter" || event.key === "Tab") this.take(this.index)
    else if (event.key === "Escape") this.close()
    else return
    event.preventDefault()
    event.stopImmediatePropagation()
    this.show()
  }

  take(index) {
    const { value, selectionStart } = this.text
    const done = complete(value, selectionStart, this.mention, this.found[index].username)
    this.close()
    replace(this.text, { text: done.text, start: done.caret, end: done.caret })
  }

  close() {
    this.mention = null
    this.found = []
    this.show()
  }
}

function option(person, place, selected) {
  const element = document.createElement("li")
  element.id = `completion-${place}`
  element.setAttribute("role", "option")
  element.setAttribute("aria-selected", String(selected))
  const avatar = document.createElement("span")
  avatar.className = `avatar small avatar-${person.avatar.color}`
  avatar.setAttribute("aria-hidden", "true")
  avatar.textContent = person.avatar.initials
  const name = document.createElement("span")
  name.className = "grow ellipsis"
  name.dir = "auto"
  name.textContent = person.display_name
  const username = document.createElement("span")
  username.className = "muted small"
  username.textContent = `@${person.username}`
  element.append(avatar, name, username)
  return element
}
