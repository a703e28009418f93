import { rank } from "../../models/name_match.js"

/**
 * A search field with the list of what matches it below, one option selected: by the arrow keys, or what matches best.
 * Items are {name, href, mark, note?, alias?, unread?, mentions?}. The field's `aria-controls` names the list.
 */
export class OptionList {
  constructor(input, { empty, onEnter, onSelect = () => {} }) {
    Object.assign(this, { input, empty, onEnter, onSelect, items: [] })
    this.list = document.getElementById(input.getAttribute("aria-controls"))
    input.addEventListener("input", () => this.render())
    input.addEventListener("keydown", (event) => this.#onKey(event))
  }

  /** Shows these items, and forgets those before. */
  start(items) {
    this.items = items
    this.input.value = ""
    this.render()
  }

  /** Adds items that aren't listed; a person whom the reader has a conversation with is listed as that. */
  add(items) {
    const conversations = new Set(this.items.map((item) => `${item.person} ${item.name}`))
    const addresses = new Set(this.items.map((item) => item.href))
    const fresh = items.filter((item) => !addresses.has(item.href) && !(item.alias && conversations.has(`${item.alias} ${item.name}`)))
    this.items = [...this.items, ...fresh]
    this.render()
  }

  render() {
    this.matches = rank(this.items, this.input.value)
    this.list.replaceChildren(...this.matches.map((item, place) => buildOption(item, `${this.list.id}-${place}`)))
    this.empty.hidden = this.matches.length > 0
    this.select(0)
  }

  select(index) {
    const options = [...this.list.children]
    for (const [place, option] of options.entries()) option.setAttribute("aria-selected", String(place === index))
    this.selected = this.matches[index]
    this.input.setAttribute("aria-activedescendant", options[index]?.id ?? "")
    options[index]?.scrollIntoView({ block: "nearest" })
    this.onSelect(this.selected)
  }

  /** The item of a click in the list. */
  itemAt(event) {
    return this.matches[[...this.list.children].indexOf(event.target.closest("[role=option]"))]
  }

  #onKey(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    const count = this.matches.length
    if (step && count) {
      event.preventDefault()
      this.select((this.matches.indexOf(this.selected) + step + count) % count)
    } else if (event.key === "Enter") {
      event.preventDefault()
      this.onEnter()
    }
  }
}

function buildOption(item, id) {
  const option = document.createElement("li")
  option.id = id
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
