import { withModule } from "../../lib/page/later.js"
import { messagePane } from "../../lib/room/message_pane.js"

/** Asks in a dialog where to forward a message to. */
export function mount(element) {
  let dialog
  messagePane.on("forward", (row) =>
    withModule(() => import("../../lib/room/forward_dialog.js"), ({ ForwardDialog }) => {
      dialog ??= new ForwardDialog(element)
      dialog.open(row)
    }),
  )
}
