import { distinctName } from "../../lib/people/names.js"
import { announce } from "../../lib/room/announce.js"
import { messagePane } from "../../lib/room/message_pane.js"
import { textOf } from "../../lib/room/message_view.js"
import { room } from "../../lib/room/room.js"

const GATHER_MS = 1500

/** Announces messages of others to screen readers, gathered over GATHER_MS, so that a busy room doesn't talk without pause. */
export function mount() {
  let waiting = []
  let timer = null

  const flush = () => {
    timer = null
    announce(waiting.length > 2 ? `${waiting.length} new messages` : waiting.join(". "))
    waiting = []
  }

  messagePane.on("received", (message, row) => {
    if (message.sender.username === room.me.username || message.deleted) return
    const words = (row ? textOf(row) : message.body || message.forwarded?.body || "").slice(0, 200)
    waiting.push(`${distinctName(message.sender)}${message.forwarded ? ` forwards ${distinctName(message.forwarded.sender)}` : ""}: ${words}`)
    timer ??= setTimeout(flush, GATHER_MS)
  })
}
