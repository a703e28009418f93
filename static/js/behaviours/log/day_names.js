import { messagePane } from "../../lib/room/message_pane.js"
import { untilMidnight } from "../../models/timeline.js"

/** Renames the day lines at midnight, and when a page is shown again that was suspended then. */
export function mount() {
  const rename = () => messagePane.list.renameDays()
  const schedule = () => setTimeout(() => (rename(), schedule()), untilMidnight(new Date()))
  schedule()
  for (const name of ["focus", "pageshow"]) addEventListener(name, rename)
  document.addEventListener("visibilitychange", rename)
}
