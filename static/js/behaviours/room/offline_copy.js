import { connection } from "../../lib/connection/connection.js"
import { keptFor } from "../../lib/device/kept_data.js"
import { database } from "../../lib/device/database.js"
import { part } from "../../lib/page/dom.js"
import { me } from "../../lib/page/me.js"
import { hasWorker } from "../../lib/page/service_worker.js"
import { messagePane } from "../../lib/room/message_pane.js"
import { room } from "../../lib/room/room.js"

const MAX_ROOMS = 30
const MAX_MESSAGES = 50
const MAX_CHARACTERS = 2000
const DELAY_MS = 3000

/** Keeps a copy of the room's last messages in this browser, which the page without a connection shows. */
export function mount() {
  if (!hasWorker) return
  let timer = null
  const keep = () => {
    clearTimeout(timer)
    timer = null
    // A page of the past has other messages than the last; one of somebody who has left this browser keeps nothing.
    if (messagePane.attached && keptFor() === me) keepCopy().catch(() => {})
  }
  const keepSoon = () => (timer ??= setTimeout(keep, DELAY_MS))
  room.on("joined", keepSoon)
  room.on("chat-message", keepSoon)
  room.on("message-edited", keepSoon)
  room.on("message-deleted", keepSoon)
  room.on("room-updated", keepSoon)
  document.addEventListener("visibilitychange", () => timer && document.visibilityState === "hidden" && keep())
  const forget = (slug) => {
    if (slug === room.slug) clearTimeout(timer)
    database.remove("rooms", me, slug).catch(() => {})
  }
  room.on("lost", () => forget(room.slug))
  connection.on("room-removed", ({ room: slug }) => forget(slug))
}

async function keepCopy() {
  const { name, kind } = room.info
  const rows = messagePane.list.rows().filter((row) => !row.classList.contains("deleted")).slice(-MAX_MESSAGES)
  await database.put("rooms", { owner: me, key: room.slug, name, kind, at: Date.now(), messages: rows.map(copyOf) })
  if ((await database.keys("rooms", me)).length <= MAX_ROOMS) return
  const copies = await database.all("rooms", me)
  copies.sort((one, other) => other.at - one.at)
  for (const { key } of copies.slice(MAX_ROOMS)) await database.remove("rooms", me, key)
}

/** What a row says, as plain text: its words, and the names of its files. */
function copyOf(row) {
  const names = [...row.querySelectorAll(".picture, .files [data-part=name]")].map(({ dataset, textContent }) => dataset.name ?? textContent)
  const text = [wordsOf(part(row, "body")), wordsOf(part(row, "forwarded-body")), ...names].filter(Boolean).join("\n")
  return { name: part(row, "name").textContent, at: row.dataset.at, text: text.slice(0, MAX_CHARACTERS) }
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
