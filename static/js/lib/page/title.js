import { titleWithCount } from "../../models/title.js"

const counts = new Map()
let baseTitle = document.title
let badge = null

function update() {
  const unread = [...counts.values()].reduce((sum, count) => sum + count, 0)
  document.title = titleWithCount(baseTitle, unread)
  setIcon(unread > 0)
  setBadge(unread)
}

/** Puts a dot on the tab's icon. */
function setIcon(unread) {
  const link = document.querySelector("link[rel=icon]")
  if (!link) return
  link.dataset.read ??= link.getAttribute("href")
  const wanted = unread ? link.dataset.unread : link.dataset.read
  if (wanted && wanted !== link.getAttribute("href")) link.href = wanted
}

/** Shows the number on the icon of the installed site, too. */
function setBadge(unread) {
  if (badge === unread || !navigator.setAppBadge) return
  badge = unread
  navigator.setAppBadge(unread).catch(() => {})
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
