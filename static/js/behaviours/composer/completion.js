import { get } from "../../lib/connection/rest.js"
import { chosenTone, keepRecent } from "../../lib/emoji/choices.js"
import { buildPicture } from "../../lib/emoji/site_emoji.js"
import { replaceText } from "../../lib/page/text_field.js"
import { buildAvatar } from "../../lib/people/avatar.js"
import { allMembersListed, listedMembers } from "../../lib/room/members.js"
import { room } from "../../lib/room/room.js"
import { emojiNameAt, inTone, shortNameFor } from "../../models/emoji_words.js"
import { completeMention, completeWord, mentionAt, mentionCandidates } from "../../models/mention.js"

const SEARCH_DELAY_MS = 150
const MOST_EMOJI = 6

/**
 * Offers members of the room behind an `@`, and emoji behind a `:` and the beginning of a name.
 *
 * A source of candidates: `at(text, caret)` finds what is being typed, {start, query} or null; `offer(found, show)` calls
 * `show(candidates)`, also later and again; `complete(text, caret, found, candidate)` returns the new {text, caret}; and
 * `fill(option, candidate, found)` shows one.
 */
export function mount(field) {
  const completion = new Completion(field, document.getElementById("completions"), [people, emoji])
  field.addEventListener("input", () => completion.update())
  field.addEventListener("click", () => completion.update())
  field.addEventListener("keydown", (event) => completion.onKey(event), { capture: true })
  field.addEventListener("blur", () => completion.close())
}

class Completion {
  constructor(field, list, sources) {
    Object.assign(this, { field, list, sources, candidates: [], index: 0, found: null })
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
    clearTimeout(this.timer)
    this.found = null
    this.source = this.sources.find((source) => (this.found = source.at(value, selectionStart)))
    const { found } = this
    if (!found) return this.offer([])
    this.timer = this.source.offer(found, (candidates) => this.found === found && this.offer(candidates))
  }

  offer(candidates) {
    this.candidates = candidates
    this.index = 0
    this.render()
  }

  render() {
    const open = this.candidates.length > 0
    this.list.hidden = !open
    this.list.replaceChildren(...this.candidates.map((candidate, place) => this.buildOption(candidate, place)))
    if (open) this.field.setAttribute("aria-activedescendant", `completion-${this.index}`)
    else this.field.removeAttribute("aria-activedescendant")
  }

  buildOption(candidate, place) {
    const option = document.createElement("li")
    option.id = `completion-${place}`
    option.setAttribute("role", "option")
    option.setAttribute("aria-selected", String(place === this.index))
    this.source.fill(option, candidate, this.found)
    return option
  }

  onKey(event) {
    if (this.list.hidden) return
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step) this.index = (this.index + step + this.candidates.length) % this.candidates.length
    else if (event.key === "Enter" || event.key === "Tab") this.accept(this.index)
    else if (event.key === "Escape") this.close()
    else if (!this.source.isEndedBy?.(event.key, this.found, this.candidates[0])) return
    else this.accept(0)
    event.preventDefault()
    event.stopImmediatePropagation()
    this.render()
  }

  accept(index) {
    const { value, selectionStart } = this.field
    const { text, caret } = this.source.complete(value, selectionStart, this.found, this.candidates[index])
    this.close()
    replaceText(this.field, { text, start: caret, end: caret })
  }

  close() {
    this.found = null
    this.candidates = []
    this.render()
  }
}

/** In a large room, members whom the page doesn't list are searched for. */
const people = {
  at: mentionAt,
  offer(found, show) {
    show(mentionCandidates(listedMembers(), found.query))
    if (!found.query || allMembersListed()) return undefined
    return setTimeout(async () => {
      const { results } = await get(`/room/${room.slug}/member`, { q: found.query, limit: 20 }).catch(() => ({ results: [] }))
      if (!results.length) return
      const listed = listedMembers()
      const usernames = new Set(listed.map((person) => person.username))
      const others = results.map(({ user }) => user).filter((user) => !usernames.has(user.username))
      show(mentionCandidates([...listed, ...others], found.query))
    }, SEARCH_DELAY_MS)
  },
  complete: (text, caret, found, person) => completeMention(text, caret, found, person.username),
  fill(option, person) {
    option.append(buildAvatar(person, { size: "small" }), buildText("grow ellipsis", person.display_name), buildText("muted small", `@${person.username}`))
  },
}

const emoji = {
  at: emojiNameAt,
  offer(found, show) {
    show([])
    const loading = import("../../lib/emoji/table.js").then(({ loadEmoji }) => loadEmoji())
    loading.then((index) => show(index.complete(found.query, MOST_EMOJI)), () => {})
  },
  /** The second colon, behind a whole name. */
  isEndedBy: (key, found, row) => key === ":" && row.shortNames.includes(found.query.toLowerCase()),
  complete(text, caret, found, row) {
    const chosen = inTone(row, chosenTone())
    keepRecent(chosen)
    return completeWord(text, caret, found, `${chosen} `)
  },
  fill(option, row, found) {
    const sign = row.url ? buildPicture(row) : buildText("emoji", inTone(row, chosenTone()))
    option.append(sign, buildText("grow ellipsis", `:${shortNameFor(row, found.query)}:`))
  },
}

function buildText(className, text) {
  const span = document.createElement("span")
  span.className = className
  span.dir = "auto"
  span.textContent = text
  return span
}
