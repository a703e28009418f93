import { post } from "../../lib/connection/rest.js"
import { formatShortDate } from "../../lib/page/dates.js"
import { askTime, timeFields } from "../../lib/page/later_dialog.js"
import { toast } from "../../lib/page/toast.js"
import { uuid } from "../../lib/page/uuid.js"
import { messagePane } from "../../lib/room/message_pane.js"

/** Asks when to remind of a message, and has the server do so. */
export function mount() {
  messagePane.on("remind", (row) => remind(Number(row.dataset.id)))
}

async function remind(message) {
  const moment = await askTime("Remind me of this message", ["20m", "1h", "tomorrow"])
  if (!moment) return
  try {
    await post("/reminder", { message, client_id: uuid(), ...timeFields("remind_at", moment) })
    toast(`You will be reminded: ${formatShortDate(moment)}`)
  } catch (error) {
    toast(`No reminder: ${error.detail}`)
  }
}
