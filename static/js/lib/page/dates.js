/** Times in the reader's zone and language. */
// 9:12 AM where the clock has twelve hours, 09:12 where it has twenty-four.
const twelveHours = new Intl.DateTimeFormat(undefined, { hour: "numeric" }).resolvedOptions().hour12
const timeFormat = new Intl.DateTimeFormat(undefined, { hour: twelveHours ? "numeric" : "2-digit", minute: "2-digit" })
const fullFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" })
const shortFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" })
const briefFormat = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: twelveHours ? "numeric" : "2-digit", minute: "2-digit" })
const weekdayFormat = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" })
const dateFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "full" })
const relativeFormat = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" })
const DAY_MS = 86_400_000

export const formatTime = (moment) => timeFormat.format(new Date(moment))
/** The time without AM and PM, for the narrow column under an avatar. */
export const formatCompactTime = (moment) =>
  timeFormat.formatToParts(new Date(moment)).filter((bit) => bit.type !== "dayPeriod").map((bit) => bit.value).join("").trim()
export const formatFullDate = (moment) => fullFormat.format(new Date(moment))
export const formatShortDate = (moment) => shortFormat.format(new Date(moment))
/** The time alone for today, and the day without its year for this year's. */
export function formatBriefDate(moment, now = new Date()) {
  const then = new Date(moment)
  if (then.toDateString() === now.toDateString()) return timeFormat.format(then)
  return (then.getFullYear() === now.getFullYear() ? briefFormat : shortFormat).format(then)
}

/** "Today", "Yesterday", "Friday, 20 November", for a day such as `2026-11-23`. */
export function dayName(day, now = new Date()) {
  const [year, month, date] = day.split("-").map(Number)
  const then = new Date(year, month - 1, date)
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate())
  const daysAgo = Math.round((midnight - then) / DAY_MS)
  if (daysAgo === 0 || daysAgo === 1) return capitalized(relativeFormat.format(-daysAgo, "day"))
  return then.getFullYear() === now.getFullYear() ? weekdayFormat.format(then) : dateFormat.format(then)
}

function capitalized(text) {
  return text.charAt(0).toLocaleUpperCase() + text.slice(1)
}
