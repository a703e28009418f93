import { showEmoji } from "../emoji/site_emoji.js"
import { part } from "../page/dom.js"
import { presence } from "./presence.js"

// Shown before a status that has only a text.
const PLAIN_EMOJI = "💬"
const WORDS = { away: ", away", dnd: ", do not disturb", invisible: ", invisible" }

/** Shows a person's status and availability wherever the page has a place for them (`templates/_status.html`). */
export function renderStatus({ username, status, availability }) {
  const name = CSS.escape(username)
  presence.setAvailability(username, availability)
  for (const words of document.querySelectorAll(`[data-availability-words="${name}"]`)) words.textContent = WORDS[availability] ?? ""
  for (const element of document.querySelectorAll(`[data-status="${name}"]`)) fill(element, status)
}

function fill(element, status) {
  element.hidden = !status
  element.title = status?.text ?? ""
  part(element, "status-text").textContent = status?.text ?? ""
  showEmoji(part(element, "status-emoji"), status ? status.emoji || PLAIN_EMOJI : "")
}
