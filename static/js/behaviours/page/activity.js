import { connection } from "../../lib/connection/connection.js"
import { Activity } from "../../models/activity.js"

const INPUTS = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart", "focus"]
const MARGIN_MS = 1000

/** Reports to the server when the page has had no input for ten minutes, and when it has some again. */
export function mount() {
  const activity = new Activity({ report })
  for (const name of INPUTS) addEventListener(name, () => activity.input(), { passive: true, capture: true })
  connection.on("online", () => activity.connected())

  /** One report a minute is taken; a refused one is made again if it is still true. */
  function report(active) {
    if (connection.status !== "online") return
    connection.request("activity", { active }).catch(({ retry_after: seconds }) => {
      if (seconds) setTimeout(() => activity.active === active && report(active), seconds * 1000 + MARGIN_MS)
    })
  }
}
