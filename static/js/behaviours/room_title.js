import { part } from "../lib/dom.js"
import { live } from "../lib/live.js"
import { room } from "../lib/room.js"
import { rename } from "../lib/title.js"

/** The room's name and topic as they change; an archived room is another page, and so is one in which I am muted. */
export function mount(element) {
  room?.on("room-updated", ({ name, topic, archived }) => {
    if (archived !== undefined && archived !== room.about.archived) return location.reload()
    const old = part(element, "name").textContent
    part(element, "name").textContent = name
    document.querySelector("[data-topic]").textContent = topic
    const row = document.querySelector(`.side-row[data-room="${CSS.escape(room.slug)}"] .side-name`)
    if (row) row.textContent = name
    if (old !== name) rename(old, name)
  })
  live.on("membership-updated", ({ room: slug, muted }) => {
    if (slug === room?.slug && muted !== room.muted) location.reload()
  })
}
