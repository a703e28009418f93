import { inTone } from "../../models/emoji_words.js"
import { part } from "../page/dom.js"
import { chosenTone, keepRecent, keepTone, recentEmoji } from "./choices.js"
import { buildPicture } from "./site_emoji.js"
import { loadEmoji } from "./table.js"

const GAP = 6
const EDGE = 8
const HAND = ["✋", "✋🏻", "✋🏼", "✋🏽", "✋🏾", "✋🏿"]
const TONES = ["no", "light", "medium-light", "medium", "medium-dark", "dark"]
const RECENTLY_USED = "recently used"
let picker

/** Opens the picker beside an element; resolves to the chosen emoji, or to null. */
export function pickEmoji(anchor) {
  picker ??= new Picker(document.getElementById("emoji-picker"))
  return picker.open(anchor)
}

class Picker {
  constructor(dialog) {
    this.dialog = dialog
    for (const name of ["search", "groups", "grid", "status", "name", "tones"]) this[name] = part(dialog, name)
    this.search.addEventListener("input", () => this.render())
    this.tones.append(...HAND.map(buildTone))
    this.tones.addEventListener("change", (event) => (keepTone(Number(event.target.value)), this.render()))
    this.grid.addEventListener("click", (event) => this.choose(event.target.closest("button")))
    this.groups.addEventListener("click", (event) => this.show(event.target.closest("button")))
    for (const type of ["focusin", "pointerover"]) this.grid.addEventListener(type, (event) => this.tell(event.target.closest("button")))
    dialog.addEventListener("keydown", (event) => this.onKey(event))
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close())
    dialog.addEventListener("close", () => this.resolve?.(null))
  }

  open(anchor) {
    this.resolve?.(null)
    this.search.value = ""
    this.dialog.showModal()
    // A phone's keyboard would cover the emoji.
    if (matchMedia("(pointer: coarse)").matches) this.grid.focus()
    this.place(anchor)
    this.load()
    return new Promise((resolve) => (this.resolve = resolve))
  }

  /** Above the element, or below where there is no room; a phone's sheet ignores it. */
  place(anchor) {
    const { width, height } = this.dialog.getBoundingClientRect()
    const around = anchor.getBoundingClientRect()
    const above = around.top - height - GAP
    const top = above >= EDGE ? above : Math.min(around.bottom + GAP, innerHeight - height - EDGE)
    const left = around.left < innerWidth / 2 ? around.left : around.right - width
    const inside = Math.max(EDGE, Math.min(left, innerWidth - width - EDGE))
    const start = getComputedStyle(this.dialog).direction === "rtl" ? innerWidth - inside - width : inside
    this.dialog.style.setProperty("--start", `${start}px`)
    this.dialog.style.setProperty("--top", `${Math.max(EDGE, top)}px`)
  }

  async load() {
    this.tell(null)
    this.grid.setAttribute("aria-busy", "true")
    try {
      this.index = await loadEmoji()
      this.render()
    } catch {
      this.grid.replaceChildren()
      this.say("The emoji couldn't be loaded. Close this and try again.", true)
    }
    this.grid.setAttribute("aria-busy", "false")
  }

  render() {
    if (!this.index) return
    const typed = this.search.value.trim()
    const found = typed ? this.index.search(typed) : []
    const sections = typed ? [{ name: "found", rows: found }] : this.sections()
    const tone = chosenTone()
    this.tones.elements[tone].checked = true
    this.groups.hidden = Boolean(typed)
    if (!typed) this.groups.replaceChildren(...sections.map(buildGroup))
    this.grid.replaceChildren(...sections.filter(({ rows }) => rows.length).map((section) => buildSection(section, tone, Boolean(typed))))
    this.grid.scrollTop = 0
    const [first] = this.buttons()
    if (first) first.tabIndex = 0
    if (!typed) this.say("")
    else this.say(found.length ? `${found.length} found` : "No emoji of that name.", !found.length)
  }

  sections() {
    const recent = recentEmoji().flatMap((emoji) => (this.index.byEmoji.has(emoji) ? [{ ...this.index.byEmoji.get(emoji), emoji, tones: [] }] : []))
    return [...(recent.length ? [{ name: RECENTLY_USED, rows: recent }] : []), ...this.index.groups]
  }

  buttons() {
    return [...this.grid.querySelectorAll("button")]
  }

  /** Scrolls to a group. */
  show(button) {
    if (!button) return
    const section = this.grid.querySelector(`[aria-label="${button.title}"]`)
    this.grid.scrollTop = section.offsetTop - this.grid.offsetTop
    this.move(section.querySelector("button"))
  }

  /** Says the name of the emoji under the pointer or the focus. */
  tell(button) {
    this.name.textContent = button ? `:${button.dataset.short}:` : ""
  }

  say(text, seen = false) {
    this.status.textContent = text
    this.status.classList.toggle("visually-hidden", !seen)
  }

  onKey(event) {
    const inGrid = this.grid.contains(event.target)
    if (event.key === "Enter" && event.target === this.search) {
      event.preventDefault()
      this.choose(this.buttons()[0])
    } else if (event.key === "ArrowDown" && event.target === this.search) {
      event.preventDefault()
      this.move(this.buttons()[0])
    } else if (inGrid && event.key.startsWith("Arrow")) {
      event.preventDefault()
      this.move(neighbour(this.buttons(), event.target, event.key) ?? (event.key === "ArrowUp" ? this.search : null))
    } else if (inGrid && event.key.length === 1 && event.key !== " " && !(event.ctrlKey || event.metaKey || event.altKey)) {
      // The letter goes where the focus is then.
      this.search.focus()
    }
  }

  /** Moves the focus; the grid is one stop of the Tab key. */
  move(target) {
    if (!target) return
    if (target !== this.search) {
      for (const button of this.grid.querySelectorAll("[tabindex='0']")) button.tabIndex = -1
      target.tabIndex = 0
    }
    target.focus()
  }

  choose(button) {
    if (!button) return
    const emoji = button.value
    keepRecent(emoji)
    const { resolve } = this
    this.resolve = null
    this.dialog.close()
    resolve?.(emoji)
  }
}

/** The button that an arrow key leads to: the next one, or the nearest of the next row. */
function neighbour(buttons, from, key) {
  const at = buttons.indexOf(from)
  const step = { ArrowLeft: -1, ArrowRight: 1 }[key]
  if (step) return buttons[at + step]
  const { left, top } = from.getBoundingClientRect()
  const down = key === "ArrowDown"
  const rest = down ? buttons.slice(at + 1) : buttons.slice(0, at).reverse()
  const inNextRow = rest.map((button) => ({ button, box: button.getBoundingClientRect() })).filter(({ box }) => (down ? box.top > top + 1 : box.top < top - 1))
  const row = inNextRow.filter(({ box }) => Math.abs(box.top - inNextRow[0].box.top) < 1)
  return row.sort((one, other) => Math.abs(one.box.left - left) - Math.abs(other.box.left - left))[0]?.button
}

function buildSection({ name, rows }, tone, unnamed) {
  const section = document.createElement("section")
  section.setAttribute("aria-label", name)
  const heading = document.createElement("h3")
  heading.textContent = name
  heading.hidden = unnamed
  const choices = document.createElement("div")
  choices.className = "emoji-choices"
  choices.append(...rows.map((row) => buildChoice(row, tone)))
  section.append(heading, choices)
  return section
}

function buildChoice(row, tone) {
  const choice = document.createElement("button")
  choice.type = "button"
  choice.tabIndex = -1
  choice.value = inTone(row, tone)
  choice.append(row.url ? buildPicture(row) : choice.value)
  choice.dataset.short = row.shortNames[0]
  choice.setAttribute("aria-label", row.name)
  return choice
}

function buildGroup({ name, rows }) {
  const button = document.createElement("button")
  button.type = "button"
  button.title = name
  button.setAttribute("aria-label", name)
  if (name === RECENTLY_USED) button.append("🕒")
  else button.append(rows[0].url ? buildPicture(rows[0]) : rows[0].emoji)
  return button
}

function buildTone(hand, tone) {
  const label = document.createElement("label")
  const radio = Object.assign(document.createElement("input"), { type: "radio", name: "emoji-tone", value: tone })
  radio.setAttribute("aria-label", `${TONES[tone]} skin tone`)
  label.title = `${TONES[tone]} skin tone`
  label.append(radio, hand)
  return label
}
