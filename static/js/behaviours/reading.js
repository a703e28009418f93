import { part } from "../lib/dom.js"
import { live } from "../lib/live.js"
import { outgoing } from "../lib/outgoing.js"
import { room } from "../lib/room.js"
import { talk } from "../lib/talk.js"
import { setUnread } from "../lib/title.js"
import { Reading } from "../models/reading.js"

const GATHER_MS = 300

/** Keeps my read position, the "New" line and the tab's count true to what I have looked at. */
export function mount(element) {
  const reading = new Reading({ me: room.me.username, seq: room.about.read_seq })
  const line = element.querySelector(".new-line + .message")
  if (line) reading.firstUnread = Number(line.dataset.seq)
  let sought = room.about.unread > 0 && !line
  let timer = null

  /** The "New" line belongs on a page that has only now come. */
  const seek = () => {
    const { read_seq: left } = room.about
    const begun = part(element, "older").hidden
    if (!sought || (Number(talk.list.first.dataset.seq) > left && !begun)) return
    sought = false
    const row = talk.list.rows().find(({ dataset }) => Number(dataset.seq) > left && dataset.user !== room.me.username)
    if (row && !element.querySelector(".new-line")) talk.list.markNew(row)
  }

  const looking = () => document.visibilityState === "visible" && document.hasFocus() && talk.attached && talk.scroller.atBottom()

  const tell = async () => {
    clearTimeout(timer)
    timer = null
    const before = reading.read
    const seq = looking() ? reading.seen(room.log.seq) : null
    setUnread("here", reading.unread)
    if (seq === null) return
    try {
      await live.request("read", { room: room.slug, seq })
    } catch {
      // Told again on the next look, or after the next connection.
      reading.read = before
    }
  }
  const look = () => {
    if (timer) return
    timer = setTimeout(tell, GATHER_MS)
  }

  talk.on("arrived", (message, row) => {
    if (reading.arrived(message, looking()) && row) talk.list.markNew(row)
    setUnread("here", reading.unread)
    look()
  })
  outgoing.on("changed", (entry, gone) => entry.state === "waiting" && !gone && entry.room === room.slug && talk.list.markNew(null))
  talk.on("prepended", seek)
  room.on("joined", look)
  element.addEventListener("scroll", look, { passive: true })
  addEventListener("focus", look)
  document.addEventListener("visibilitychange", look)
  // Whoever moves on at once has seen it all the same.
  addEventListener("pagehide", () => timer && tell())
}
