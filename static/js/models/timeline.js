/** How messages follow one another on the page; the server's `messaging/history/timeline.py` has the same rules. */

const GROUP = 5 * 60 * 1000

/** The reader's calendar day of a moment, as `2026-11-23`. */
export function dayOf(moment) {
  const date = new Date(moment)
  const pad = (number) => String(number).padStart(2, "0")
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`
}

/** Milliseconds to the reader's next day: a moment into it, as timers may come early. */
export function untilMidnight(now) {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1, 0, 0, 1) - now
}

/**
 * How `message` stands under `above` (null at the top): `day` where it begins a new one, `continued` where it goes on
 * under the header above. Both are {user, at, reply}; `fresh` says that the "New" line stands between them.
 */
export function placing(above, message, fresh = false) {
  const day = dayOf(message.at)
  if (!above || dayOf(above.at) !== day) return { day, continued: false }
  const soon = Date.parse(message.at) - Date.parse(above.at) < GROUP
  return { day: null, continued: !fresh && !message.reply && above.user === message.user && soon }
}
