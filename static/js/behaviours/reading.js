import { part } from "../lib/dom.js"
import { live } from "../lib/live.js"
import { outgoing } from "../lib/outgoing.js"
import { room } from "../lib/room.js"
import { talk } from "../lib/talk.js"
import { setUnread } from "../lib/title.js"
import { Reading } from "../models/reading.js"

const GATHER_MS = 300

/**
 * Keeps my read position, the "New" line and the tab's count true to what was on the screen. Tells `talk`: "reading", with
 * whether something unread was passed by; hears from it: "read-all".
 */
export function mount(element) {
  new Reader(element)
}

class Reader {
  constructor(element) {
    const { first_unread: first, about } = room
    this.element = element
    // What is no message of others isn't waited for.
    this.state = new Reading({ me: room.me.username, seq: first ? first - 1 : Math.max(about.read_seq, about.head), unread: about.unread })
    this.known = this.state.read
    // Above which the "New" line is to stand as soon as that is loaded.
    this.fresh = element.querySelector(".new-line") ? null : first
    talk.on("arrived", (message) => this.arrived(message))
    talk.on("loaded", () => this.look())
    talk.on("read-all", () => this.readAll())
    room.on("joined", ({ room: about }) => this.joined(about))
    outgoing.on("changed", (entry, gone) => entry.state === "waiting" && !gone && entry.room === room.slug && this.sent())
    element.addEventListener("scroll", () => this.look(), { passive: true })
    for (const name of ["focus", "resize"]) addEventListener(name, () => this.look())
    document.addEventListener("visibilitychange", () => this.look())
    live.on("membership-updated", (membership) => this.heard(membership))
    // Whoever moves on at once has seen it all the same.
    addEventListener("pagehide", () => this.timer && this.tell())
    this.show()
  }

  arrived(message) {
    if (this.state.arrived(message)) this.fresh = message.seq
    this.look()
  }

  sent() {
    this.fresh = null
    talk.list.markNew(null)
  }

  joined(about) {
    if (about.unread) this.state.told(about)
    else this.state.told({ read_seq: Math.max(this.state.read, room.log.seq), unread: 0 })
    this.look()
  }

  /** What was read in another tab or on another device of mine. */
  heard({ room: slug, ...told }) {
    if (slug !== room.slug) return
    this.state.told(told)
    this.known = Math.max(this.known, told.read_seq)
    this.look()
  }

  /** What is on the screen once it is drawn: what only passed on the way there was not. */
  look() {
    if (document.visibilityState !== "visible") return this.settle()
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null
      this.settle()
    })
  }

  settle() {
    const looking = document.visibilityState === "visible" && document.hasFocus()
    const stretch = onScreen(this.element)
    const passed = () => stretch?.above > this.state.read
    // A page that begins further down, or one that nobody looks at, has its line before it is read.
    if (!looking || passed()) this.markNew()
    if (looking && stretch) this.state.saw(stretch.above, stretch.bottom)
    if (talk.attached && this.state.read >= room.log.seq) this.state.unread = 0
    if (this.state.unread === 0) this.fresh = null
    this.markNew()
    this.show(passed())
    if (this.state.read > this.known) this.timer ??= setTimeout(() => this.tell(), GATHER_MS)
  }

  markNew() {
    const row = this.fresh && talk.list.bySeq(this.fresh)
    if (!row || !(talk.list.before(row) || part(this.element, "older").hidden)) return
    this.fresh = null
    talk.list.markNew(row)
  }

  show(passed = false) {
    const { unread, read } = this.state
    setUnread("here", unread)
    talk.emit("reading", { unread, read, passed: passed && unread > 0 })
  }

  readAll() {
    this.state.told({ read_seq: room.log.seq, unread: 0 })
    this.fresh = null
    this.show()
    this.tell()
  }

  async tell() {
    clearTimeout(this.timer)
    this.timer = null
    const [before, seq] = [this.known, this.state.read]
    this.known = seq
    try {
      const { unread } = await live.request("read", { room: room.slug, seq })
      this.state.told({ read_seq: seq, unread })
      this.look()
    } catch {
      // Told again on the next look, or after the next connection.
      this.known = before
    }
  }
}

/** The stretch of the log that is on the screen: beyond `above`, up to `bottom`; null where no message's end is. */
function onScreen(element) {
  const { top, bottom } = element.getBoundingClientRect()
  const rows = talk.list.rows()
  const first = firstWhere(rows, (box) => box.bottom > top)
  const last = firstWhere(rows, (box) => box.bottom > bottom + 1) - 1
  if (last < first) return null
  const begun = first === 0 && part(element, "older").hidden
  const above = begun ? 0 : seq(rows[first - 1]) ?? seq(rows[0]) - 1
  return { above, bottom: talk.attached && last === rows.length - 1 ? room.log.seq : seq(rows[last]) }
}

const seq = (row) => row && Number(row.dataset.seq)

/** The index of the first row, of rows from top to bottom, whose box is so; their number where none is. */
function firstWhere(rows, is) {
  let [low, high] = [0, rows.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (is(rows[middle].getBoundingClientRect())) high = middle
    else low = middle + 1
  }
  return low
}
