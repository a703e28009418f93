/** Times that are offered for later, as {label, at}. In the device's own zone, where a day may have 23 hours. */
const MORNING_HOUR = 9

const OFFERS = {
  "20m": (now) => ({ label: "In 20 minutes", at: new Date(now.getTime() + 20 * 60_000) }),
  "1h": (now) => ({ label: "In an hour", at: new Date(now.getTime() + 60 * 60_000) }),
  tomorrow: (now) => ({ label: "Tomorrow at 9:00", at: morning(now, 1) }),
  // The next Monday, which is never today.
  monday: (now) => ({ label: "Monday at 9:00", at: morning(now, ((8 - now.getDay()) % 7) || 7) }),
}

export function offers(names, now = new Date()) {
  return names.map((name) => OFFERS[name](now))
}

function morning(now, days) {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, MORNING_HOUR)
}

/** A time as a `datetime-local` field has it. */
export function fieldValue(moment) {
  const two = (number) => String(number).padStart(2, "0")
  const day = [moment.getFullYear(), two(moment.getMonth() + 1), two(moment.getDate())].join("-")
  return `${day}T${two(moment.getHours())}:${two(moment.getMinutes())}`
}
