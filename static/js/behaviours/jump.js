import { icon } from "../lib/dom.js"
import { me } from "../lib/me.js"
import { get } from "../lib/rest.js"
import { rank } from "../models/jump.js"

// Of rooms and of people so many are asked for at once; where there are more, they are looked for by what is typed.
const MOST = 200
const PAUSE_MS = 150

/** Ctrl-K: to a room or a person by a few letters of the name. */
export function mount(dialog) {
  const jump = new Jump(dialog)
  addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return
    event.preventDefault()
    jump.open()
  })
  document.querySelector("[data-jump]")?.addEventListener("click", (event) => {
    event.preventDefault()
    jump.open()
  })
}

class Jump {
  constructor(dialog) {
    this.dialog = dialog
    this.input = dialog.querySelector("input")
    this.list = dialog.querySelector("[role=listbox]")
    this.empty = dialog.querySelector(".jump-empty")
    this.items = []
    this.input.addEventListener("input", () => this.typed())
    this.input.addEventListener("keydown", (event) => this.key(event))
    this.list.addEventListener("click", (event) => this.go(event.target.closest("[role=option]")))
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close())
  }

  async open() {
    if (this.dialog.open) return
    this.items = mine()
    this.input.value = ""
    this.dialog.showModal()
    this.show()
    this.others ??= others().catch(() => ({ items: [] }))
    const { items, more } = await this.others
    this.more = more
    this.add(items)
  }

  /** What isn't there yet; somebody I have a conversation with is, as that. */
  add(items) {
    const talked = new Set(this.items.map((item) => `${item.person} ${item.name}`))
    const places = new Set(this.items.map((item) => item.href))
    const fresh = items.filter((item) => !places.has(item.href) && !(item.also && talked.has(`${item.also} ${item.name}`)))
    this.items = [...this.items, ...fresh]
    this.show()
  }

  typed() {
    this.show()
    clearTimeout(this.pause)
    const q = this.input.value.trim()
    if (this.more && q) this.pause = setTimeout(() => others({ q }).then(({ items }) => this.add(items), () => {}), PAUSE_MS)
  }

  show() {
    const found = rank(this.items, this.input.value)
    this.list.replaceChildren(...found.map(option))
    this.empty.hidden = found.length > 0
    this.choose(0)
  }

  choose(index) {
    const options = [...this.list.children]
    for (const [place, one] of options.entries()) one.setAttribute("aria-selected", String(place === index))
    this.chosen = options[index]
    this.input.setAttribute("aria-activedescendant", this.chosen?.id ?? "")
    this.chosen?.scrollIntoView({ block: "nearest" })
  }

  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    const count = this.list.children.length
    if (step && count) {
      event.preventDefault()
      this.choose(([...this.list.children].indexOf(this.chosen) + step + count) % count)
    } else if (event.key === "Enter") {
      event.preventDefault()
      this.go(this.chosen)
    }
  }

  go(chosen) {
    const words = encodeURIComponent(this.input.value.trim())
    if (chosen) location.assign(chosen.dataset.href)
    else if (words) location.assign(`/search?q=${words}`)
  }
}

/** The rows of the sidebar. */
function mine() {
  return [...document.querySelectorAll(".sidebar .side-row[data-room]")].map((row) => ({
    name: row.querySelector(".side-name").textContent.trim(),
    href: row.getAttribute("href"),
    person: row.querySelector("[data-presence]")?.dataset.presence,
    note: row.title,
    unread: Number(row.dataset.unread),
    mentions: Number(row.dataset.mentions),
    mark: row.querySelector(".side-mark").cloneNode(true),
  }))
}

/** Rooms, mine among them as the sidebar may have a part of those, and people; whether there are `more` of them. */
async function others(parameters = {}) {
  const pages = await Promise.all(["/room", "/user"].map((path) => get(path, { limit: MOST, ...parameters })))
  const [rooms, people] = pages.map((page) => page.results)
  const items = [
    ...rooms.filter((room) => room.kind !== "direct").map((room) => ({ name: room.name, href: `/chat/${room.slug}`, note: room.role ? "" : "not joined", mark: mark(icon(room.kind === "private" ? "lock" : "hash")) })),
    ...people.filter((user) => user.username !== me).map((user) => ({ name: user.display_name, also: user.username, href: `/people/${user.username}`, note: `@${user.username}`, mark: mark(avatar(user)) })),
  ]
  return { items, more: pages.some((page) => page.next) }
}

function mark(content) {
  const element = document.createElement("span")
  element.className = "side-mark"
  element.append(content)
  return element
}

function avatar(user) {
  const element = document.createElement("span")
  element.className = `avatar small avatar-${user.avatar.color}`
  element.setAttribute("aria-hidden", "true")
  element.textContent = user.avatar.initials
  return element
}

function option(item, place) {
  const element = document.createElement("li")
  element.id = `jump-${place}`
  element.setAttribute("role", "option")
  element.dataset.href = item.href
  const name = document.createElement("span")
  name.className = "side-name ellipsis"
  name.dir = "auto"
  name.textContent = item.name
  element.append(item.mark.cloneNode(true), name)
  if (item.note) {
    const note = document.createElement("span")
    note.className = "muted small"
    note.textContent = item.note
    element.append(note)
  }
  return element
}
