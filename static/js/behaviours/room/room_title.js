import { connection } from "../../lib/connection/connection.js"
import { part } from "../../lib/page/dom.js"
import { renameInTitle } from "../../lib/page/title.js"
import { room } from "../../lib/room/room.js"

/** Updates the room's name and topic; reloads the page when the room is archived or the reader is muted, or no longer so. */
export function mount(element) {
  room?.on("room-updated", ({ name, topic, archived }) => {
    if (archived !== undefined && archived !== room.info.archived) return location.reload()
    const oldName = part(element, "name").textContent
    part(element, "name").textContent = name
    document.querySelector("[data-topic]").textContent = topic
    const sideName = document.querySelector(`.side-row[data-room="${CSS.escape(room.slug)}"] .side-name`)
    if (sideName) sideName.textContent = name
    if (oldName !== name) renameInTitle(oldName, name)
  })
  connection.on("membership-updated", ({ room: slug, muted }) => {
    if (slug === room?.slug && muted !== room.muted) location.reload()
  })
}
