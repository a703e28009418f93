/**
 * The page that opens without a connection, at the address of the one that was asked for: what this browser keeps of the
 * rooms, to be read, and messages that wait to be sent. It is loaded anew once the server answers.
 */
import { formatBriefDate, formatShortDate } from "../lib/page/dates.js"
import { database } from "../lib/device/database.js"
import { part } from "../lib/page/dom.js"
import { OutboxStore } from "../lib/device/outbox_store.js"
import { storage } from "../lib/page/storage.js"
import { uuid } from "../lib/page/uuid.js"
import { Draft } from "../models/draft.js"

const LOOK_EVERY_MS = 10_000
const MAX_ENTRIES = 500
const owner = storage.getItem("kept-for") ?? ""
const slug = location.pathname.match(/^\/chat\/([\w-]+)/)?.[1]
const outbox = new OutboxStore(owner)

function start() {
  showTheme()
  part(document, "retry").addEventListener("click", look)
  addEventListener("online", look)
  setInterval(() => document.visibilityState === "visible" && look(), LOOK_EVERY_MS)
  show().catch(() => showRooms([]))
}

/** Loads the page anew if the server answers. */
async function look() {
  const answer = await fetch("/healthz", { cache: "no-store" }).catch(() => null)
  if (!answer?.ok) return
  if (location.pathname === "/offline") location.replace("/")
  else location.reload()
}

async function show() {
  const room = owner && slug ? await database.get("rooms", owner, slug) : null
  if (room) return showRoom(room)
  showRooms(owner ? await database.all("rooms", owner) : [])
}

function showRooms(rooms) {
  part(document, "nothing").hidden = rooms.length > 0
  const list = part(document, "rooms")
  list.hidden = rooms.length === 0
  rooms.sort((one, other) => other.at - one.at)
  list.replaceChildren(...rooms.map(roomItem))
  part(document, "note").textContent = "There is no connection."
}

function roomItem({ key, name, kind, at }) {
  const link = build("a", { href: `/chat/${key}` })
  link.append(build("span", { textContent: kind === "direct" ? name : `#${name}`, dir: "auto" }), build("span", { className: "muted small", textContent: `as of ${formatShortDate(at)}` }))
  const item = build("li")
  item.append(link)
  return item
}

async function showRoom({ name, kind, at, messages }) {
  const title = kind === "direct" ? name : `#${name}`
  document.title = `${title} · offline`
  part(document, "title").textContent = title
  part(document, "rooms-link").hidden = false
  part(document, "note").textContent = `Offline, as of ${formatShortDate(at)}.`
  const list = part(document, "messages")
  list.replaceChildren(...messages.map(messageItem))
  list.hidden = false
  mountComposer(part(document, "composer"), list)
  for (const entry of await outbox.loadAll()) if (entry.room === slug) list.append(waitingItem(entry))
  scrollTo(0, document.body.scrollHeight)
}

function messageItem({ name, at, text, waits }) {
  const head = build("p", { className: "offline-message-head" })
  head.append(build("b", { textContent: name, dir: "auto" }), build("time", { className: "muted small", textContent: waits ? "waits for the connection" : formatBriefDate(at), title: formatShortDate(at) }))
  const item = build("li", { className: waits ? "waiting" : "" })
  item.append(head, build("p", { className: "offline-text", textContent: text, dir: "auto" }))
  return item
}

function waitingItem({ body, files, written }) {
  const text = [body, ...files.map(({ name }) => name)].filter(Boolean).join("\n")
  return messageItem({ name: "You", at: written, text, waits: true })
}

function mountComposer(form, list) {
  const field = part(form, "body")
  const draft = new Draft(storage, owner, slug)
  form.hidden = false
  field.value = draft.newText
  field.addEventListener("input", () => draft.setText(field.value))
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || matchMedia("(pointer: coarse)").matches) return
    event.preventDefault()
    form.requestSubmit()
  })
  form.addEventListener("submit", async (event) => {
    event.preventDefault()
    if (!field.value.trim()) return
    const waiting = await outbox.loadAll()
    if (waiting.length >= MAX_ENTRIES) return showError("Too many messages wait to be sent.")
    const written = Math.max(Date.now(), ...waiting.map((entry) => entry.written + 1))
    const { reply } = draft
    const entry = { client_id: uuid(), room: slug, body: field.value, reply_to: reply?.id ?? null, quote: reply, files: [], written }
    await outbox.save(entry)
    if (!outbox.keeps(entry)) return showError("This browser has no room to keep it: copy it before you close the page.")
    showError("")
    draft.clear()
    field.value = ""
    list.append(waitingItem(entry))
    scrollTo(0, document.body.scrollHeight)
  })
}

function showError(words) {
  part(document, "error").textContent = words
  part(document, "error").hidden = !words
}

/** The page is the same for everybody; the theme is this browser's. */
function showTheme() {
  const theme = document.cookie.match(/(?:^|; )theme=(light|dark)/)?.[1]
  if (theme) document.documentElement.dataset.theme = theme
}

function build(name, about = {}) {
  return Object.assign(document.createElement(name), about)
}

start()
