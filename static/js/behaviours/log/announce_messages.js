import { distinctName } from "../../lib/people/names.js"
import { announce } from "../../lib/room/announce.js"
import { messagePane } from "../../lib/room/message_pane.js"
import { wordsOf } from "../../lib/room/message_view.js"
import { room } from "../../lib/room/room.js"
import { spokenLine } from "../../models/file_views.js"

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
    const words = row ? wordsOf(row) : message.body || message.forwarded?.body || ""
    waiting.push(`${whoSays(message)}: ${spokenLine(words.slice(0, 200), message.files)}`)
    timer ??= setTimeout(flush, GATHER_MS)
  })
}

function whoSays({ sender, forwarded }) {
  return distinctName(sender) + (forwarded ? ` forwards ${distinctName(forwarded.sender)}` : "")
}
