import { get } from "../connection/rest.js"
import { me } from "../page/me.js"
import { OptionList } from "../page/option_list.js"
import { buildAvatar } from "../people/avatar.js"
import { roomItem, sidebarItems, wrapMark } from "./room_items.js"

// Of rooms and of people each; where there are more, the server is searched by what is typed.
const PRELOADED_ITEMS = 200
const SEARCH_DELAY_MS = 150

/** Leads to a room or a person by a few letters of the name. */
export class JumpDialog {
  constructor(dialog) {
    this.dialog = dialog
    this.input = dialog.querySelector("input")
    this.options = new OptionList(this.input, { empty: dialog.querySelector(".jump-empty"), onEnter: () => this.go(this.options.selected) })
    this.input.addEventListener("input", () => this.search())
    this.options.list.addEventListener("click", (event) => this.go(this.options.itemAt(event)))
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close())
  }

  async open() {
    if (this.dialog.open) return
    this.dialog.showModal()
    this.options.start(sidebarItems())
    this.preloaded ??= fetchItems().catch(() => ({ items: [] }))
    const { items, more } = await this.preloaded
    this.more = more
    this.options.add(items)
  }

  search() {
    clearTimeout(this.timer)
    const q = this.input.value.trim()
    if (this.more && q) this.timer = setTimeout(() => fetchItems({ q }).then(({ items }) => this.options.add(items), () => {}), SEARCH_DELAY_MS)
  }

  /** Goes to an item; without one, to a search for the typed words. */
  go(item) {
    const words = encodeURIComponent(this.input.value.trim())
    if (item) location.assign(item.href)
    else if (words) location.assign(`/search?q=${words}`)
  }
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

function personItem(user) {
  const mark = wrapMark(buildAvatar(user, { size: "small" }))
  return { name: user.display_name, alias: user.username, href: `/people/${user.username}`, note: `@${user.username}`, mark }
}
