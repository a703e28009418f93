import { connection } from "../../lib/connection/connection.js"
import { MAX_MESSAGES, roomCopies } from "../../lib/device/room_copies.js"
import { part } from "../../lib/page/dom.js"
import { hasWorker } from "../../lib/page/service_worker.js"
import { messagePane } from "../../lib/room/message_pane.js"
import { room } from "../../lib/room/room.js"

const DELAY_MS = 3000

/** Keeps a copy of the room's last messages in this browser, which the page without a connection shows. */
export function mount() {
  if (!hasWorker) return
  let timer = null
  const keep = () => {
    clearTimeout(timer)
    timer = null
    // A page of the past has other messages than the last.
    if (messagePane.attached) keepCopy().catch(() => {})
  }
  const keepSoon = () => (timer ??= setTimeout(keep, DELAY_MS))
  room.on("joined", keepSoon)
  room.on("chat-message", keepSoon)
  room.on("message-edited", keepSoon)
  room.on("message-deleted", keepSoon)
  room.on("room-updated", keepSoon)
  document.addEventListener("visibilitychange", () => timer && document.visibilityState === "hidden" && keep())
  const forget = () => {
    clearTimeout(timer)
    roomCopies.forget(room.slug)
  }
  room.on("lost", forget)
  connection.on("room-removed", ({ room: slug }) => slug === room.slug && forget())
}

async function keepCopy() {
  const begun = await roomCopies.begin()
  if (!begun) return
  const { name, kind } = room.info
  const rows = messagePane.list.rows().filter((row) => !row.classList.contains("deleted")).slice(-MAX_MESSAGES)
  await roomCopies.keep(begun, { key: room.slug, name, kind, epoch: room.log.epoch, head: room.log.seq, messages: rows.map(copyOf) })
  await roomCopies.trim()
}

/** What a row says, as plain text: its words, and the names of its files. */
function copyOf(row) {
  const names = [...row.querySelectorAll(".picture, .files [data-part=name]")].map(({ dataset, textContent }) => dataset.name ?? textContent)
  const text = [wordsOf(part(row, "body")), wordsOf(part(row, "forwarded-body")), ...names].filter(Boolean).join("\n")
  return { name: part(row, "name").textContent, at: row.dataset.at, text }
}

/** The words of an element, with the names of the site's own emoji. */
function wordsOf(element) {
  if (!element?.querySelector("img.emoji")) return element?.innerText.trim()
  // Lines are told apart only in what is rendered.
  const copy = element.cloneNode(true)
  for (const image of copy.querySelectorAll("img.emoji")) image.replaceWith(image.alt)
  copy.removeAttribute("data-part")
  copy.classList.add("visually-hidden")
  element.after(copy)
  const words = copy.innerText.trim()
  copy.remove()
  return words
}
