import { connection } from "../../lib/connection/connection.js"
import { part } from "../../lib/page/dom.js"
import { renameInTitle } from "../../lib/page/title.js"
import { buildRoomMark } from "../../lib/people/avatar.js"
import { room } from "../../lib/room/room.js"

/** Updates the room's name, topic and picture; reloads the page when the room is archived or the reader is muted, or no longer so. */
export function mount(element) {
  room?.on("room-updated", ({ name, topic, kind, avatar, archived }) => {
    if (archived !== undefined && archived !== room.info.archived) return location.reload()
    const oldName = part(element, "name").textContent
    part(element, "name").textContent = name
    document.querySelector("[data-topic]").textContent = topic
    const row = document.querySelector(`.side-row[data-room="${CSS.escape(room.slug)}"]`)
    if (row) row.querySelector(".side-name").textContent = name
    // Lines of the log from before rooms had pictures say nothing of them.
    if (row && avatar) row.querySelector(".side-mark").replaceChildren(buildRoomMark({ kind, avatar }))
    if (oldName !== name) renameInTitle(oldName, name)
  })
  connection.on("membership-updated", ({ room: slug, muted }) => {
    if (slug === room?.slug && muted !== room.muted) location.reload()
  })
}
