import { connection } from "../../lib/connection/connection.js"
import { startSending } from "../../lib/connection/outbox.js"
import { get } from "../../lib/connection/rest.js"
import { cloneTemplate } from "../../lib/page/dom.js"
import { me } from "../../lib/page/me.js"
import { storage } from "../../lib/page/storage.js"
import { setUnread } from "../../lib/page/title.js"
import { toast } from "../../lib/page/toast.js"
import { buildAvatar, buildRoomMark } from "../../lib/people/avatar.js"
import { followNameUpdates } from "../../lib/people/name_updates.js"
import { isLookalike, usernameSuffix } from "../../lib/people/names.js"
import { presence } from "../../lib/people/presence.js"
import { renderStatus } from "../../lib/people/status.js"
import { missed } from "../../lib/room/missed.js"
import { room } from "../../lib/room/room.js"
import { Draft } from "../../models/draft.js"
import { sidebarName } from "../../models/sidebar_name.js"
import { Told } from "../../models/told.js"

// Rooms of the server's list of the nearest ones.
const NEAREST_ROOMS = 100
const MAX_DRAFTS = 200
// Rows that stay when more rooms are added; rooms without unread messages are removed first.
const MAX_ROWS = 150

/** Keeps the reader's rooms up to date: which there are, what is unread, who is online. */
export function mount(element) {
  const sidebar = new Sidebar(element)
  connection.on("room-activity", (activity) => sidebar.tellCounts(activity))
  connection.on("membership-updated", (membership) => sidebar.row(membership.room) && sidebar.tellCounts(membership))
  connection.on("room-added", (info) => {
    sidebar.told.rooms.note(info.slug)
    sidebar.insert(info)
    sidebar.tellCounts({ ...info, room: info.slug })
  })
  connection.on("room-removed", ({ room: slug }) => {
    sidebar.told.rooms.note(slug)
    sidebar.remove(slug)
  })
  connection.on("draft-changed", ({ room: slug, version }) => {
    sidebar.told.drafts.note(slug)
    sidebar.markDraft(slug, version > 0)
  })
  connection.on("scheduled-changed", ({ state, error }) => state === "failed" && toast(`A scheduled message was not sent: ${error.detail}`))
  connection.on("reminder", (reminder) => reminder.state === "due" && toast(`Reminder: ${gist(reminder)}`))
  followNameUpdates()
  connection.on("online", () => {
    if (!room) startSending()
  })
  // Where the server can't be asked, the connection is lost, or will be: the next one finds the same missed.
  missed.on("rooms", () => sidebar.refresh().catch(() => {}))
  missed.on("drafts", () => sidebar.refreshDrafts().catch(() => {}))
  missed.on("people", () => presence.refresh().catch(() => {}))
}

class Sidebar {
  told = { rooms: new Told(), counts: new Told(), drafts: new Told() }

  constructor(element) {
    this.element = element
    this.updateTotal()
    this.markLocalDrafts()
    element.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" })
  }

  row(slug) {
    return this.element.querySelector(`.side-row[data-room="${CSS.escape(slug)}"]`)
  }

  /** Shows a room's counts, told live. */
  tellCounts(counts) {
    this.told.counts.note(counts.room)
    return this.updateCounts(counts)
  }

  /** Shows a room's counts; a room that isn't listed is fetched. */
  async updateCounts({ room: slug, unread, mentions }) {
    const row = this.row(slug) ?? (await this.add(slug))
    if (!row || slug === room?.slug) return
    row.dataset.unread = unread
    row.dataset.mentions = mentions
    row.classList.toggle("unread", unread > 0)
    // Every message of a direct room is addressed to the reader: its unread count is shown as mentions are.
    const direct = row.dataset.kind === "direct"
    const badge = direct ? unread : mentions
    row.querySelector("[data-badge]").textContent = badge
    row.querySelector("[data-badge]").hidden = badge === 0
    row.querySelector("[data-dot]").hidden = unread === 0 || badge > 0
    const kind = direct ? "unread" : badge === 1 ? "mention" : "mentions"
    row.querySelector("[data-words]").textContent = badge ? `, ${badge} ${kind}` : unread ? ", unread" : ""
    this.updateTotal()
  }

  /** Marks a room in which a message is begun. */
  markDraft(slug, begun) {
    this.row(slug)?.toggleAttribute("data-draft", begun)
  }

  /** Marks what is begun on this device, which the server may not know yet. */
  markLocalDrafts() {
    const prefix = `draft:${me}:`
    for (const key of storage.keys().filter((each) => each.startsWith(prefix))) {
      const draft = new Draft(storage, me, key.slice(prefix.length))
      if (draft.dirty) this.markDraft(key.slice(prefix.length), !draft.empty)
    }
  }

  async add(slug) {
    try {
      return this.insert(await get(`/room/${slug}`))
    } catch {
      return null
    }
  }

  insert(info) {
    if (this.row(info.slug)) return this.row(info.slug)
    const item = cloneTemplate(this.element.querySelector("template"))
    const row = item.querySelector(".side-row")
    row.href = `/chat/${info.slug}`
    row.dataset.room = info.slug
    row.dataset.kind = info.kind
    row.querySelector(".side-name").textContent = sidebarName(info, isLookalike)
    row.querySelector("[data-status]").dataset.status = info.people?.[0]?.username ?? ""
    row.querySelector(".side-mark").append(buildMark(info))
    row.title = usernames(info)
    row.querySelector("[data-usernames]").textContent = row.title && ` ${row.title}`
    const list = this.element.querySelector(`[data-list=${info.kind === "direct" ? "people" : "rooms"}]`)
    const next = [...list.children].find((other) => other.textContent.trim().localeCompare(info.name) > 0)
    list.insertBefore(item, next ?? null)
    this.trim(row)
    return row
  }

  remove(slug) {
    this.row(slug)?.closest("li").remove()
    this.updateTotal()
  }

  /** Removes one row beyond MAX_ROWS, but neither the added one nor this page's. */
  trim(added) {
    const rows = [...this.element.querySelectorAll(".side-row[data-room]")]
    if (rows.length <= MAX_ROWS) return
    const removable = rows.filter((row) => row !== added && !row.hasAttribute("aria-current"))
    const read = removable.filter((row) => !Number(row.dataset.unread))
    ;(read.at(-1) ?? removable[0]).closest("li").remove()
  }

  updateTotal() {
    const rows = [...this.element.querySelectorAll(".side-row[data-room]")].filter((row) => !row.hasAttribute("aria-current"))
    const unread = rows.reduce((sum, row) => sum + Number(row.dataset.unread || 0), 0)
    this.element.querySelector("[data-catch-up]").hidden = unread === 0
    setUnread("elsewhere", unread)
  }

  async refreshDrafts() {
    const isNewer = this.told.drafts.since()
    const { results: drafts } = await get("/draft", { limit: MAX_DRAFTS })
    const begun = new Set(drafts.map((draft) => draft.room))
    for (const row of this.element.querySelectorAll(".side-row[data-room]")) {
      if (!isNewer(row.dataset.room)) row.toggleAttribute("data-draft", begun.has(row.dataset.room))
    }
    this.markLocalDrafts()
  }

  /** Fetches the list anew. Of many rooms it has the nearest; this page's row is kept beside them. */
  async refresh() {
    const [isNewer, countsAreNewer] = [this.told.rooms.since(), this.told.counts.since()]
    const { results: rooms } = await get("/room", { nearest: true })
    const slugs = new Set(rooms.map((info) => info.slug))
    for (const row of this.element.querySelectorAll(".side-row[data-room]")) {
      const kept = rooms.length >= NEAREST_ROOMS && row.hasAttribute("aria-current")
      if (!kept && !slugs.has(row.dataset.room) && !isNewer(row.dataset.room) && !countsAreNewer(row.dataset.room)) row.closest("li").remove()
    }
    for (const info of rooms.filter(({ slug }) => !isNewer(slug))) {
      this.insert(info)
      if (!countsAreNewer(info.slug)) this.updateCounts({ ...info, room: info.slug })
    }
  }
}

/** "@ada, @bo" for a direct room with somebody whose display name is not their username; otherwise "". */
function usernames({ people = [] }) {
  return people.some(usernameSuffix) ? people.map((person) => `@${person.username}`).join(", ") : ""
}

function renderPerson(user) {
  presence.set(user.username, user.online)
  renderStatus(user)
}

/** A line that says what a reminder is about. */
function gist({ text, message }) {
  return text || (message ? `${message.sender.display_name}: ${message.body}` : "a message")
}

function buildMark(info) {
  if (info.kind !== "direct") return buildRoomMark(info)
  const [person] = info.people
  get(`/user/${person.username}`).then(renderPerson, () => {})
  return buildAvatar(person, { size: "small", dot: true })
}
