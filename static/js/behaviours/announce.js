import { part } from "../lib/dom.js"
import { room } from "../lib/room.js"
import { handle, isAlike } from "../lib/signs.js"
import { speak } from "../lib/speak.js"
import { talk } from "../lib/talk.js"

const GATHER_MS = 1500

/** Tells a screen reader of what others say, gathered, so that a busy room doesn't talk without pause. */
export function mount() {
  let waiting = []
  let timer = null

  const tell = () => {
    timer = null
    speak(waiting.length > 2 ? `${waiting.length} new messages` : waiting.join(". "))
    waiting = []
  }

  talk.on("arrived", (message, row) => {
    if (message.sender.username === room.me.username || message.deleted) return
    const words = row ? part(row, "body").innerText.trim().slice(0, 200) : message.body.slice(0, 200)
    const { sender } = message
    waiting.push(`${sender.display_name}${isAlike(sender.username) ? handle(sender) : ""}: ${words}`)
    timer ??= setTimeout(tell, GATHER_MS)
  })
}
