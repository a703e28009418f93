import { buildRoomMark } from "../people/avatar.js"

/** Rooms as items of an `OptionList`: {name, href, slug, mark, …}. */

/** The rooms and conversations of the sidebar. */
export function sidebarItems() {
  return [...document.querySelectorAll(".sidebar .side-row[data-room]")].map((row) => ({
    name: row.querySelector(".side-name").textContent.trim(),
    href: row.getAttribute("href"),
    slug: row.dataset.room,
    person: row.querySelector("[data-presence]")?.dataset.presence,
    note: row.title,
    unread: Number(row.dataset.unread),
    mentions: Number(row.dataset.mentions),
    mark: row.querySelector(".side-mark").cloneNode(true),
  }))
}

export function roomItem(room) {
  const mark = wrapMark(buildRoomMark(room))
  return { name: room.name, href: `/chat/${room.slug}`, slug: room.slug, note: room.role ? "" : "not joined", mark }
}

export function wrapMark(content) {
  const mark = document.createElement("span")
  mark.className = "side-mark"
  mark.append(content)
  return mark
}
