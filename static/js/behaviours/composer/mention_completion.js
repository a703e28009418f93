import { get } from "../../lib/connection/rest.js"
import { replaceText } from "../../lib/page/text_field.js"
import { buildAvatar } from "../../lib/people/avatar.js"
import { allMembersListed, listedMembers } from "../../lib/room/members.js"
import { room } from "../../lib/room/room.js"
import { completeMention, mentionAt, mentionCandidates } from "../../models/mention.js"

const SEARCH_DELAY_MS = 150

/** Offers members of the room behind an `@`; in a large room, members whom the page doesn't list are searched for. */
export function mount(field) {
  const completion = new MentionCompletion(field, document.getElementById("completions"))
  field.addEventListener("input", () => completion.update())
  field.addEventListener("click", () => completion.update())
  field.addEventListener("keydown", (event) => completion.onKey(event), { capture: true })
  field.addEventListener("blur", () => completion.close())
}

class MentionCompletion {
  constructor(field, list) {
    Object.assign(this, { field, list, candidates: [], index: 0, mention: null })
    field.setAttribute("aria-autocomplete", "list")
    field.setAttribute("aria-controls", list.id)
    field.setAttribute("aria-haspopup", "listbox")
    // Prevents the blur that a click would cause.
    list.addEventListener("pointerdown", (event) => {
      event.preventDefault()
      const option = event.target.closest("[role=option]")
      if (option) this.accept([...list.children].indexOf(option))
    })
  }

  update() {
    const { value, selectionStart } = this.field
    this.mention = mentionAt(value, selectionStart)
    this.offer(listedMembers())
    clearTimeout(this.timer)
    if (this.mention?.query && !allMembersListed()) this.timer = setTimeout(() => this.search(this.mention), SEARCH_DELAY_MS)
  }

  async search(mention) {
    const { results } = await get(`/room/${room.slug}/member`, { q: mention.query, limit: 20 }).catch(() => ({ results: [] }))
    if (this.mention !== mention || !results.length) return
    const listed = listedMembers()
    const usernames = new Set(listed.map((person) => person.username))
    this.offer([...listed, ...results.map(({ user }) => user).filter((user) => !usernames.has(user.username))])
  }

  offer(people) {
    this.candidates = this.mention ? mentionCandidates(people, this.mention.query) : []
    this.index = 0
    this.render()
  }

  render() {
    const open = this.candidates.length > 0
    this.list.hidden = !open
    this.list.replaceChildren(...this.candidates.map((person, place) => buildOption(person, place, place === this.index)))
    if (open) this.field.setAttribute("aria-activedescendant", `completion-${this.index}`)
    else this.field.removeAttribute("aria-activedescendant")
  }

  onKey(event) {
    if (this.list.hidden) return
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step) this.index = (this.index + step + this.candidates.length) % this.candidates.length
    else if (event.key === "Enter" || event.key === "Tab") this.accept(this.index)
    else if (event.key === "Escape") this.close()
    else return
    event.preventDefault()
    event.stopImmediatePropagation()
    this.render()
  }

  accept(index) {
    const { value, selectionStart } = this.field
    const { text, caret } = completeMention(value, selectionStart, this.mention, this.candidates[index].username)
    this.close()
    replaceText(this.field, { text, start: caret, end: caret })
  }

  close() {
    this.mention = null
    this.candidates = []
    this.render()
  }
}

function buildOption(person, place, selected) {
  const option = document.createElement("li")
  option.id = `completion-${place}`
  option.setAttribute("role", "option")
  option.setAttribute("aria-selected", String(selected))
  const name = document.createElement("span")
  name.className = "grow ellipsis"
  name.dir = "auto"
  name.textContent = person.display_name
  const username = document.createElement("span")
  username.className = "muted small"
  username.textContent = `@${person.username}`
  option.append(buildAvatar(person, { size: "small" }), name, username)
  return option
}
