/** Rules of how messages follow one another on the page; `messaging/history/timeline.py` has the same for the server's pages. */

const GROUP_WINDOW_MS = 5 * 60 * 1000

/** The reader's calendar day of a moment, as `2026-11-23`. */
export function dayOf(moment) {
  const date = new Date(moment)
  const pad = (number) => String(number).padStart(2, "0")
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`
}

/** Milliseconds until one second after the reader's next midnight: timers may fire early. */
export function untilMidnight(now) {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1, 0, 0, 1) - now
}

/**
 * How `message` stands below `above` (null at the top): `day` where it begins a new one, `continued` where it has no header
 * of its own. Both are {user, at, reply}; `afterNewLine` says that the "New" line stands between them.
 */
export function placement(above, message, afterNewLine = false) {
  const day = dayOf(message.at)
  if (!above || dayOf(above.at) !== day) return { day, continued: false }
  const inWindow = Date.parse(message.at) - Date.parse(above.at) < GROUP_WINDOW_MS
  return { day: null, continued: !afterNewLine && !message.reply && above.user === message.user && inWindow }
}
