import { get } from "../../lib/connection/rest.js"
import { me } from "../../lib/page/me.js"
import { buildAvatar, buildRoomMark } from "../../lib/people/avatar.js"
import { rank } from "../../models/name_match.js"

// Of rooms and of people each; where there are more, the server is searched by what is typed.
const PRELOADED_ITEMS = 200
const SEARCH_DELAY_MS = 150

/** Opens a dialog by Ctrl-K that leads to a room or a person by a few letters of the name. */
export function mount(dialog) {
  const jump = new JumpDialog(dialog)
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

class JumpDialog {
  constructor(dialog) {
    this.dialog = dialog
    this.input = dialog.querySelector("input")
    this.list = dialog.querySelector("[role=listbox]")
    this.empty = dialog.querySelector(".jump-empty")
    this.items = []
    this.input.addEventListener("input", () => this.onInput())
    this.input.addEventListener("keydown", (event) => this.onKey(event))
    this.list.addEventListener("click", (event) => this.go(event.target.closest("[role=option]")))
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close())
  }

  async open() {
    if (this.dialog.open) return
    this.items = sidebarItems()
    this.input.value = ""
    this.dialog.showModal()
    this.render()
    this.preloaded ??= fetchItems().catch(() => ({ items: [] }))
    const { items, more } = await this.preloaded
    this.more = more
    this.add(items)
  }

  /** Adds items that aren't listed; a person whom the reader has a conversation with is listed as that. */
  add(items) {
    const conversations = new Set(this.items.map((item) => `${item.person} ${item.name}`))
    const addresses = new Set(this.items.map((item) => item.href))
    const fresh = items.filter((item) => !addresses.has(item.href) && !(item.alias && conversations.has(`${item.alias} ${item.name}`)))
    this.items = [...this.items, ...fresh]
    this.render()
  }

  onInput() {
    this.render()
    clearTimeout(this.timer)
    const q = this.input.value.trim()
    if (this.more && q) this.timer = setTimeout(() => fetchItems({ q }).then(({ items }) => this.add(items), () => {}), SEARCH_DELAY_MS)
  }

  render() {
    const matches = rank(this.items, this.input.value)
    this.list.replaceChildren(...matches.map(buildOption))
    this.empty.hidden = matches.length > 0
    this.select(0)
  }

  select(index) {
    const options = [...this.list.children]
    for (const [place, option] of options.entries()) option.setAttribute("aria-selected", String(place === index))
    this.selected = options[index]
    this.input.setAttribute("aria-activedescendant", this.selected?.id ?? "")
    this.selected?.scrollIntoView({ block: "nearest" })
  }

  onKey(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    const count = this.list.children.length
    if (step && count) {
      event.preventDefault()
      this.select(([...this.list.children].indexOf(this.selected) + step + count) % count)
    } else if (event.key === "Enter") {
      event.preventDefault()
      this.go(this.selected)
    }
  }

  /** Goes to the selected option; without one, to a search for the typed words. */
  go(option) {
    const words = encodeURIComponent(this.input.value.trim())
    if (option) location.assign(option.dataset.href)
    else if (words) location.assign(`/search?q=${words}`)
  }
}

function sidebarItems() {
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

/** Fetches rooms, of which the sidebar may show a part, and people; `more` says whether the server has further ones. */
async function fetchItems(parameters = {}) {
  const pages = await Promise.all(["/room", "/user"].map((path) => get(path, { limit: PRELOADED_ITEMS, ...parameters })))
  const [rooms, people] = pages.map((page) => page.results)
  const items = [
    ...rooms.filter((room) => room.kind !== "direct").map(roomItem),
    ...people.filter((user) => user.username !== me).map(personItem),
  ]
  return { items, more: pages.some((page) => page.next) }
}

function roomItem(room) {
  const mark = wrapMark(buildRoomMark(room))
  return { name: room.name, href: `/chat/${room.slug}`, note: room.role ? "" : "not joined", mark }
}

function personItem(user) {
  const mark = wrapMark(buildAvatar(user, { size: "small" }))
  return { name: user.display_name, alias: user.username, href: `/people/${user.username}`, note: `@${user.username}`, mark }
}

function wrapMark(content) {
  const mark = document.createElement("span")
  mark.className = "side-mark"
  mark.append(content)
  return mark
}

function buildOption(item, place) {
  const option = document.createElement("li")
  option.id = `jump-${place}`
  option.setAttribute("role", "option")
  option.dataset.href = item.href
  const name = document.createElement("span")
  name.className = "side-name ellipsis"
  name.dir = "auto"
  name.textContent = item.name
  option.append(item.mark.cloneNode(true), name)
  if (item.note) {
    const note = document.createElement("span")
    note.className = "muted small"
    note.textContent = item.note
    option.append(note)
  }
  return option
}
