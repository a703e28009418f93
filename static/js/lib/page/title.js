import { titleWithCount } from "../../models/title.js"

const counts = new Map()
let baseTitle = document.title

function update() {
  const unread = [...counts.values()].reduce((sum, count) => sum + count, 0)
  document.title = titleWithCount(baseTitle, unread)
}

/** Sets how many messages of one source (this room, the other rooms) are unread; the tab's title has the sum. */
export function setUnread(source, count) {
  counts.set(source, count)
  update()
}

/** Replaces a room's old name in the tab's title. */
export function renameInTitle(oldName, newName) {
  baseTitle = baseTitle.replace(oldName, newName)
  update()
}
