/** Times as the reader's zone and language write them. */
// 9:12 AM where the clock has twelve hours, 09:12 where it has twenty-four.
const twelve = new Intl.DateTimeFormat(undefined, { hour: "numeric" }).resolvedOptions().hour12
const hours = new Intl.DateTimeFormat(undefined, { hour: twelve ? "numeric" : "2-digit", minute: "2-digit" })
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" })
const short = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" })
const weekday = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" })
const dated = new Intl.DateTimeFormat(undefined, { dateStyle: "full" })
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" })

export const clock = (moment) => hours.format(new Date(moment))
/** Without AM and PM, for the narrow column under an avatar. */
export const bareClock = (moment) =>
  hours.formatToParts(new Date(moment)).filter((bit) => bit.type !== "dayPeriod").map((bit) => bit.value).join("").trim()
export const fully = (moment) => full.format(new Date(moment))
export const briefly = (moment) => short.format(new Date(moment))

/** "Today", "Yesterday", "Friday, 20 November", for a day such as `2026-11-23`. */
export function dayName(day, now = new Date()) {
  const [year, month, date] = day.split("-").map(Number)
  const then = new Date(year, month - 1, date)
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate())
  const ago = Math.round((midnight - then) / 86_400_000)
  if (ago === 0 || ago === 1) return capital(relative.format(-ago, "day"))
  return then.getFullYear() === now.getFullYear() ? weekday.format(then) : dated.format(then)
}

function capital(text) {
  return text.charAt(0).toLocaleUpperCase() + text.slice(1)
}
