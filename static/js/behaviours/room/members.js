import { cloneTemplate, part } from "../../lib/page/dom.js"
import { me } from "../../lib/page/me.js"
import { renderAvatar } from "../../lib/people/avatar.js"
import { renderName } from "../../lib/people/names.js"
import { presence } from "../../lib/people/presence.js"
import { room } from "../../lib/room/room.js"
import { MemberCount } from "../../models/member_count.js"

const ROLE_TAGS = { owner: "Owner", moderator: "Mod" }

/** Lists the room's members, those who are here above those who are away. */
export function mount(element) {
  const list = new MemberList(element)
  presence.on("changed", (username, online) => list.place(list.find(username), online))
  room.on("member-joined", ({ user }) => list.add(user))
  room.on("member-left", ({ user }) => list.remove(user))
  room.on("member-updated", ({ user, role }) => {
    if (user?.username === me) room.moderates = role in ROLE_TAGS
    list.renderRole(user, role)
  })
  room.on("joined", (ack) => list.joined(ack))
  room.on("online", (online) => list.setOnline(online))
}

class MemberList {
  constructor(element) {
    this.element = element
    this.lists = { here: element.querySelector("[data-list=here]"), away: element.querySelector("[data-list=away]") }
    this.count = new MemberCount(room.info.members)
  }

  find(username) {
    return this.element.querySelector(`.member[data-user="${CSS.escape(username)}"]`)
  }

  add(user) {
    this.count.members += 1
    if (user && !this.find(user.username)) this.place(this.#buildRow(user), false)
    this.#renderCounts()
  }

  remove(user) {
    this.count.members -= 1
    if (user) this.find(user.username)?.remove()
    this.#renderCounts()
  }

  /** Puts a row into its list, at its place by name. */
  place(row, online) {
    const list = online ? this.lists.here : this.lists.away
    if (!row || row.parentElement === list) return
    const name = part(row, "name").textContent
    const next = [...list.children].find((other) => part(other, "name").textContent.localeCompare(name) > 0)
    list.insertBefore(row, next ?? null)
    this.#renderCounts()
  }

  renderRole(user, role) {
    const row = user && this.find(user.username)
    if (!row) return
    part(row, "role").textContent = ROLE_TAGS[role] ?? ""
    part(row, "role").hidden = !(role in ROLE_TAGS)
  }

  joined(ack) {
    this.count.joined(ack)
    // A large room's ack names nobody: the dots stay as the page's HTML has them.
    if (!this.count.large) {
      const here = new Set(ack.online)
      for (const row of this.element.querySelectorAll(".member")) presence.set(row.dataset.user, here.has(row.dataset.user))
    }
    this.#renderCounts()
  }

  setOnline(online) {
    this.count.online = online
    this.#renderCounts()
  }

  #renderCounts() {
    const { here, away } = this.lists
    const counts = this.count.counts({ here: listed(here), away: listed(away) })
    for (const name of ["here", "away"]) this.element.querySelector(`[data-count=${name}]`).textContent = counts[name]
  }

  #buildRow(user) {
    const row = cloneTemplate(this.element.querySelector("template"))
    row.dataset.user = user.username
    row.querySelector("[data-status]").dataset.status = user.username
    row.querySelector("[data-availability-words]").dataset.availabilityWords = user.username
    row.querySelector("a").href = `/people/${user.username}`
    row.querySelector("a").title = `@${user.username}`
    renderName(row, user)
    part(row, "username").classList.toggle("visually-hidden", !row.classList.contains("alike"))
    renderAvatar(part(row, "avatar"), user)
    return row
  }
}

/** How many members a list has, those beyond the ones it shows included. */
function listed(list) {
  return list.children.length + Number(list.dataset.more ?? 0)
}
