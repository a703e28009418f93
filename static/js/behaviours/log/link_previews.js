import { connection } from "../../lib/connection/connection.js"
import { toast } from "../../lib/page/toast.js"
import { fillLinkPreviews } from "../../lib/room/link_previews.js"
import { messagePane } from "../../lib/room/message_pane.js"
import { room } from "../../lib/room/room.js"

/** Shows previews of links as they come and go, and removes one by its button. */
export function mount(element) {
  room.on("message-previewed", receive)
  element.addEventListener("click", (event) => {
    const button = event.target.closest(".link-preview-remove")
    if (!button) return
    event.preventDefault()
    remove(button)
  })
}

/** Who is at the bottom stays there, and nothing moves under anybody else. */
function receive(message) {
  const { scroller, list } = messagePane
  const row = list.row(message.id)
  if (!row) return
  const apply = () => fillLinkPreviews(row, message)
  if (scroller.pinned) scroller.follow(apply)
  else scroller.keepPlace(apply)
}

async function remove(button) {
  const id = Number(button.closest(".message").dataset.id)
  const preview = Number(button.closest(".link-preview").dataset.preview)
  // A button that is disabled would lose the focus, which goes to the message with the preview's end.
  if (button.ariaDisabled) return
  button.ariaDisabled = "true"
  try {
    await connection.request("remove-preview", { id, preview })
  } catch (error) {
    button.ariaDisabled = null
    toast(`Not removed: ${error.detail}`)
  }
}
