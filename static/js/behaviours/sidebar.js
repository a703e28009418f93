import { copyOf, icon } from "../lib/dom.js"
import { live } from "../lib/live.js"
import { openOutbox } from "../lib/outgoing.js"
import { presence } from "../lib/presence.js"
import { watchNames } from "../lib/renaming.js"
import { get } from "../lib/rest.js"
import { room } from "../lib/room.js"
import { handle } from "../lib/signs.js"
import { setUnread } from "../lib/title.js"

// Rooms of a list that names those that matter most; and those that stay when more are added, the quiet ones go first.
const NEAREST = 100
const MOST = 150

/** My rooms as I come into them and out of them: what is unread, what is new, who is here. */
export function mount(element) {
  const sidebar = new Sidebar(element)
  live.on("room-activity", (activity) => sidebar.note(activity))
  live.on("membership-updated", (membership) => sidebar.row(membership.room) && sidebar.note(membership))
  live.on("room-added", (about) => {
    sidebar.insert(about)
    sidebar.note({ ...about, room: about.slug })
  })
  live.on("room-removed", ({ room: slug }) => sidebar.remove(slug))
  watchNames()
  live.on("online", () => {
    if (!room) openOutbox()
    if (sidebar.stale) sidebar.refresh()
    sidebar.stale = true
  })
}

class Sidebar {
  constructor(element) {
    this.element = element
    this.stale = false
    this.count()
    element.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" })
  }

  row(slug) {
    return this.element.querySelector(`.side-row[data-room="${CSS.escape(slug)}"]`)
  }

  /** A room's counts; a room that isn't here yet is fetched. */
  async note({ room: slug, unread, mentions }) {
    const row = this.row(slug) ?? (await this.add(slug))
    if (!row || slug === room?.slug) return
    row.dataset.unread = unread
    row.dataset.mentions = mentions
    row.classList.toggle("unread", unread > 0)
    // Whatever is said in a direct room is said to me.
    const direct = row.dataset.kind === "direct"
    const calls = direct ? unread : mentions
    row.querySelector("[data-badge]").textContent = calls
    row.querySelector("[data-badge]").hidden = calls === 0
    row.querySelector("[data-dot]").hidden = unread === 0 || calls > 0
    const kind = direct ? "unread" : calls === 1 ? "mention" : "mentions"
    row.querySelector("[data-words]").textContent = calls ? `, ${calls} ${kind}` : unread ? ", unread" : ""
    this.count()
  }

  async add(slug) {
    try {
      return this.insert(await get(`/room/${slug}`))
    } catch {
      return null
    }
  }

  insert(about) {
    if (this.row(about.slug)) return this.row(about.slug)
    const item = copyOf(this.element.querySelector("template"))
    const row = item.querySelector(".side-row")
    row.href = `/chat/${about.slug}`
    row.dataset.room = about.slug
    row.dataset.kind = about.kind
    row.querySelector(".side-name").textContent = shortName(about)
    row.querySelector(".side-mark").append(mark(about))
    row.title = usernames(about)
    row.querySelector("[data-usernames]").textContent = row.title && ` ${row.title}`
    const list = this.element.querySelector(`[data-list=${about.kind === "direct" ? "people" : "rooms"}]`)
    const next = [...list.children].find((other) => other.textContent.trim().localeCompare(about.name) > 0)
    list.insertBefore(item, next ?? null)
    this.thin(row)
    return row
  }

  remove(slug) {
    this.row(slug)?.closest("li").remove()
    this.count()
  }

  /** Who is in thousands of rooms is told of more than a list can show. */
  thin(fresh) {
    const rows = [...this.element.querySelectorAll(".side-row[data-room]")]
    if (rows.length <= MOST) return
    const quiet = rows.filter((row) => row !== fresh && !row.hasAttribute("aria-current") && !Number(row.dataset.unread))
    ;(quiet.at(-1) ?? rows.find((row) => row !== fresh && !row.hasAttribute("aria-current"))).closest("li").remove()
  }

  count() {
    const rows = [...this.element.querySelectorAll(".side-row[data-room]")].filter((row) => !row.hasAttribute("aria-current"))
    const unread = rows.reduce((sum, row) => sum + Number(row.dataset.unread || 0), 0)
    this.element.querySelector("[data-catch-up]").hidden = unread === 0
    setUnread("elsewhere", unread)
  }

  /** After a lost connection: whatever changed meanwhile. Of many rooms the list has the nearest, and this page's. */
  async refresh() {
    const { results: mine } = await get("/room", { nearest: true })
    const slugs = new Set(mine.map((about) => about.slug))
    for (const row of this.element.querySelectorAll(".side-row[data-room]")) {
      const kept = mine.length >= NEAREST && row.hasAttribute("aria-current")
      if (!kept && !slugs.has(row.dataset.room)) row.closest("li").remove()
    }
    for (const about of mine) {
      this.insert(about)
      this.note({ ...about, room: about.slug })
    }
    await presence.refresh()
  }
}

/** Several people go by their first names, so that they fit. */
function shortName({ name, people = [] }) {
  return people.length > 1 ? people.map((person) => person.display_name.split(/\s+/)[0]).join(", ") : name
}

/** "@ada, @bo" of a direct room whose name says only what they call themselves. */
function usernames({ people = [] }) {
  return people.some(handle) ? people.map((person) => `@${person.username}`).join(", ") : ""
}

function mark(about) {
  if (about.kind !== "direct") return icon(about.kind === "private" ? "lock" : "hash")
  const person = about.people[0]
  const avatar = document.createElement("span")
  avatar.className = `avatar small avatar-${person.avatar.color}`
  avatar.setAttribute("aria-hidden", "true")
  const dot = document.createElement("span")
  dot.className = "presence"
  dot.dataset.presence = person.username
  dot.hidden = true
  avatar.append(person.avatar.initials, dot)
  get(`/user/${person.username}`).then((user) => presence.set(user.username, user.online), () => {})
  return avatar
}
