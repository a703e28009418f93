import { pickEmoji } from "../emoji/picker.js"
import { showEmoji } from "../emoji/site_emoji.js"
import { cloneTemplate, part } from "../page/dom.js"
import { frequentEmoji } from "./frequent_emoji.js"

const COLUMNS = 8
const MIN_ROOM_PX = 64
const STEPS = { ArrowLeft: -1, ArrowRight: 1 }
let closeOpen = () => {}

/**
 * Opens a palette of emoji at a message, the reader's most used ones first; resolves with the one that they choose, or with
 * null. The focus goes back to where it was.
 */
export function chooseEmoji(row) {
  closeOpen()
  const before = document.activeElement
  const palette = build()
  palette.classList.add(sideOf(row))
  row.append(palette)
  row.classList.add("choosing")
  palette.querySelector("button").focus({ preventScroll: true })
  return new Promise((resolve) => {
    const close = (emoji = null) => {
      closeOpen = () => {}
      document.removeEventListener("pointerdown", onOutside, { capture: true })
      const focused = palette.contains(document.activeElement)
      palette.remove()
      row.classList.remove("choosing")
      if (focused) (before?.isConnected && before !== document.body ? before : row).focus({ preventScroll: true })
      resolve(emoji)
    }
    // All emoji: the focus is at the message when their picker closes.
    const more = (button) => {
      row.focus({ preventScroll: true })
      close(pickEmoji(button))
    }
    const onOutside = (event) => palette.contains(event.target) || close()
    closeOpen = close
    document.addEventListener("pointerdown", onOutside, { capture: true })
    palette.addEventListener("keydown", (event) => onKey(event, palette, close))
    palette.addEventListener("click", (event) => {
      const choice = event.target.closest("button")
      if (choice?.value) close(choice.value)
      else if (choice) more(choice)
    })
  })
}

function build() {
  const palette = cloneTemplate(document.getElementById("palette-template"))
  part(palette, "more").before(...frequentEmoji(COLUMNS - 1).map(buildChoice))
  return palette
}

function buildChoice(emoji) {
  const choice = document.createElement("button")
  choice.type = "button"
  choice.value = emoji
  showEmoji(choice, emoji)
  return choice
}

function onKey(event, palette, close) {
  if (event.key === "Tab") return close()
  // Other listeners would move through the messages, or leave them.
  event.stopPropagation()
  if (event.key === "Escape") return close()
  const choices = [...palette.querySelectorAll("button")]
  const next = choices[choices.indexOf(document.activeElement) + STEPS[event.key]]
  if (!(event.key in STEPS)) return
  event.preventDefault()
  next?.focus()
}

/** The side of a message with more room; "inside" where it fills the log. */
function sideOf(row) {
  const [box, pane] = [row.getBoundingClientRect(), row.closest(".log").getBoundingClientRect()]
  const [above, below] = [box.top - pane.top, pane.bottom - box.bottom]
  if (Math.max(above, below) < MIN_ROOM_PX) return "inside"
  return above > below ? "above" : "below"
}
