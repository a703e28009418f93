import { renderAvatar } from "../lib/avatar.js"
import { cloneTemplate, part } from "../lib/dom.js"
import { me } from "../lib/me.js"
import { renderName } from "../lib/names.js"
import { presence } from "../lib/presence.js"
import { room } from "../lib/room.js"
import { MemberCount } from "../models/member_count.js"

const ROLE_TAGS = { owner: "Owner", moderator: "Mod" }

/** Lists the room's members, those who are here above those who are away. */
export function mount(element) {
  const lists = { here: element.querySelector("[data-list=here]"), away: element.querySelector("[data-list=away]") }
  const find = (username) => element.querySelector(`.member[data-user="${CSS.escape(username)}"]`)
  const memberCount = new MemberCount(room.info.members)

  const listed = (list) => list.children.length + Number(list.dataset.more ?? 0)
  const renderCounts = () => {
    const counts = memberCount.counts({ here: listed(lists.here), away: listed(lists.away) })
    for (const name of ["here", "away"]) element.querySelector(`[data-count=${name}]`).textContent = counts[name]
  }
  const place = (row, online) => {
    const list = online ? lists.here : lists.away
    if (row.parentElement === list) return
    const name = part(row, "name").textContent
    const next = [...list.children].find((other) => part(other, "name").textContent.localeCompare(name) > 0)
    list.insertBefore(row, next ?? null)
    renderCounts()
  }
  const add = (user) => {
    if (!user || find(user.username)) return
    const row = cloneTemplate(element.querySelector("template"))
    row.dataset.user = user.username
    row.querySelector("a").href = `/people/${user.username}`
    row.querySelector("a").title = `@${user.username}`
    renderName(row, user)
    part(row, "username").classList.toggle("visually-hidden", !row.classList.contains("alike"))
    renderAvatar(part(row, "avatar"), user)
    place(row, false)
  }

  presence.on("changed", (username, online) => {
    const row = find(username)
    if (row) place(row, online)
  })
  room.on("member-joined", ({ user }) => {
    memberCount.members += 1
    add(user)
    renderCounts()
  })
  room.on("member-left", ({ user }) => {
    memberCount.members -= 1
    if (user) find(user.username)?.remove()
    renderCounts()
  })
  room.on("member-updated", ({ user, role }) => {
    if (user?.username === me) room.moderates = role in ROLE_TAGS
    const row = user && find(user.username)
    if (!row) return
    part(row, "role").textContent = ROLE_TAGS[role] ?? ""
    part(row, "role").hidden = !(role in ROLE_TAGS)
  })
  room.on("joined", (ack) => {
    memberCount.joined(ack)
    // A large room's ack names nobody: the dots stay as the page's HTML has them.
    if (!memberCount.large) {
      const here = new Set(ack.online)
      for (const row of element.querySelectorAll(".member")) presence.set(row.dataset.user, here.has(row.dataset.user))
    }
    renderCounts()
  })
  room.on("online", (online) => {
    memberCount.online = online
    renderCounts()
  })
}
