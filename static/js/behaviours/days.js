import { talk } from "../lib/talk.js"
import { untilMidnight } from "../models/timeline.js"

/** Names the days anew when another one begins, also for a machine that slept at midnight. */
export function mount() {
  const rename = () => talk.list.renameDays()
  const wait = () => setTimeout(() => (rename(), wait()), untilMidnight(new Date()))
  wait()
  for (const name of ["focus", "pageshow"]) addEventListener(name, rename)
  document.addEventListener("visibilitychange", rename)
}
