import { copyOf, dress, part } from "../lib/dom.js"
import { me } from "../lib/me.js"
import { presence } from "../lib/presence.js"
import { room } from "../lib/room.js"
import { introduce } from "../lib/signs.js"
import { HeadCount } from "../models/head_count.js"

const TAGS = { owner: "Owner", moderator: "Mod" }

/** Who is in the room, those who are here above those who are away. */
export function mount(element) {
  const lists = { here: element.querySelector("[data-list=here]"), away: element.querySelector("[data-list=away]") }
  const find = (username) => element.querySelector(`.member[data-user="${CSS.escape(username)}"]`)
  const heads = new HeadCount(room.about.members)

  const listed = (list) => list.children.length + Number(list.dataset.more ?? 0)
  const count = () => {
    const counts = heads.counts({ here: listed(lists.here), away: listed(lists.away) })
    for (const name of ["here", "away"]) element.querySelector(`[data-count=${name}]`).textContent = counts[name]
  }
  const place = (row, online) => {
    const list = online ? lists.here : lists.away
    if (row.parentElement === list) return
    const name = part(row, "name").textContent
    const next = [...list.children].find((other) => part(other, "name").textContent.localeCompare(name) > 0)
    list.insertBefore(row, next ?? null)
    count()
  }
  const add = (user) => {
    if (!user || find(user.username)) return
    const row = copyOf(element.querySelector("template"))
    row.dataset.user = user.username
    row.querySelector("a").href = `/people/${user.username}`
    row.querySelector("a").title = `@${user.username}`
    introduce(row, user)
    part(row, "username").classList.toggle("visually-hidden", !row.classList.contains("alike"))
    dress(part(row, "avatar"), user)
    place(row, false)
  }
  const set = (username, online) => {
    const row = find(username)
    if (row) place(row, online)
  }

  presence.on("changed", set)
  room.on("member-joined", ({ user }) => {
    heads.members += 1
    add(user)
    count()
  })
  room.on("member-left", ({ user }) => {
    heads.members -= 1
    if (user) find(user.username)?.remove()
    count()
  })
  room.on("member-updated", ({ user, role }) => {
    if (user?.username === me) room.moderates = role in TAGS
    const row = user && find(user.username)
    if (!row) return
    part(row, "role").textContent = TAGS[role] ?? ""
    part(row, "role").hidden = !(role in TAGS)
  })
  room.on("joined", (ack) => {
    heads.joined(ack)
    // In a large room nobody says who is here: the dots stay as the page came.
    if (!heads.large) {
      const here = new Set(ack.online)
      for (const row of element.querySelectorAll(".member")) presence.set(row.dataset.user, here.has(row.dataset.user))
    }
    count()
  })
  room.on("online", (online) => {
    heads.online = online
    count()
  })
}
