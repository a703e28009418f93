import { title } from "../models/reading.js"

const counts = new Map()
let plain = document.title

function show() {
  const unread = [...counts.values()].reduce((sum, count) => sum + count, 0)
  document.title = title(plain, unread)
}

/** How much is unread by one source (this room, the other rooms), for the tab's title. */
export function setUnread(source, count) {
  counts.set(source, count)
  show()
}

export function rename(before, after) {
  plain = plain.replace(before, after)
  show()
}
