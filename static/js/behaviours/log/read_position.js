import { connection } from "../../lib/connection/connection.js"
import { outboxEvents } from "../../lib/connection/outbox.js"
import { part } from "../../lib/page/dom.js"
import { setUnread } from "../../lib/page/title.js"
import { toast } from "../../lib/page/toast.js"
import { messagePane } from "../../lib/room/message_pane.js"
import { room } from "../../lib/room/room.js"
import { ReadPosition } from "../../models/read_position.js"
import { retryDelay, TRANSIENT_ERRORS } from "../../models/retry.js"

const REPORT_DELAY_MS = 300
// How long a wheel, a finger or a key goes on scrolling.
const GESTURE_MS = 1500
const GESTURES = ["wheel", "touchmove", "keydown", "pointerdown"]
const isScrollBar = ({ type, target, currentTarget }) => type !== "pointerdown" || target === currentTarget

/**
 * Keeps the read position, the "New" line and the tab's unread count in step with what was on the screen. Emits
 * "read-position" on the message pane, with `passed` where the reader scrolled past unread messages; listens to "read-all"
 * and "mark-unread" (row).
 */
export function mount(element) {
  new ReadTracker(element)
}

class ReadTracker {
  constructor(element) {
    const { first_unread: first, info } = room
    this.element = element
    // With nothing unread, the position is the head: events that aren't messages of others need not be seen.
    this.position = new ReadPosition({ me: room.me.username, seq: first ? first - 1 : Math.max(info.read_seq, info.head), version: info.read_version, unread: info.unread })
    this.reported = this.position.read
    this.tries = 0
    // The seq above which the "New" line goes as soon as its message is loaded.
    this.newLineSeq = element.querySelector(".new-line") ? null : first
    messagePane.on("received", (message) => this.onReceived(message))
    messagePane.on("loaded", () => this.schedule())
    messagePane.on("read-all", () => this.readAll())
    messagePane.on("mark-unread", (row) => this.markUnread(seqOf(row)))
    room.on("joined", (ack) => this.onJoined(ack.room))
    outboxEvents.on("changed", (entry, gone) => entry.state === "waiting" && !gone && entry.room === room.slug && this.onSent())
    this.watchGestures()
    element.addEventListener("scroll", () => this.onScroll(), { passive: true })
    for (const name of ["focus", "resize"]) addEventListener(name, () => this.schedule())
    document.addEventListener("visibilitychange", () => this.schedule())
    connection.on("membership-updated", (membership) => this.onMembershipUpdated(membership))
    // A report that is still delayed goes out before the page is left.
    addEventListener("pagehide", () => this.timer && this.report())
    this.publish()
  }

  onReceived(message) {
    if (this.position.receive(message)) this.newLineSeq = message.seq
    this.schedule()
  }

  onSent() {
    this.newLineSeq = null
    messagePane.list.markNew(null)
  }

  onJoined(info) {
    const { read_version, unread } = info
    if (unread || read_version !== this.position.version) this.take(info)
    else this.position.applyServer({ read_seq: Math.max(this.position.read, room.log.seq), unread })
    this.schedule()
  }

  /** Takes what the reader read in another tab or on another device. */
  onMembershipUpdated({ room: slug, ...membership }) {
    if (slug !== room.slug) return
    this.take(membership)
    this.schedule()
  }

  /** Takes the server's position; one that was moved back takes the "New" line with it. */
  take(state) {
    if (state.read_version < this.position.version) return
    const back = this.position.applyServer(state)
    this.reported = back ? state.read_seq : Math.max(this.reported, state.read_seq)
    if (!back) return
    this.gestureAt = -Infinity
    this.moveNewLine()
  }

  /** Puts the "New" line above the first message that is unread again, where that is loaded. */
  moveNewLine() {
    messagePane.list.markNew(null)
    const row = messagePane.list.rows().find((other) => seqOf(other) > this.position.read && isCounted(other))
    const known = row && (messagePane.list.rowAbove(row) || part(this.element, "older").hidden)
    this.newLineSeq = known ? seqOf(row) : null
  }

  /** Only the reader's own scrolling ends what keeps messages unread, and not a message that comes in below. */
  watchGestures() {
    this.gestureAt = -Infinity
    this.top = this.element.scrollTop
    const note = (event) => isScrollBar(event) && (this.gestureAt = performance.now())
    for (const name of GESTURES) this.element.addEventListener(name, note, { passive: true })
  }

  onScroll() {
    const { scrollTop } = this.element
    if (scrollTop > this.top && performance.now() - this.gestureAt < GESTURE_MS) this.position.release()
    this.top = scrollTop
    this.schedule()
  }

  /** Updates after the next frame: rows that only passed through on the way there were not seen. */
  schedule() {
    if (document.visibilityState !== "visible") return this.update()
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null
      this.update()
    })
  }

  update() {
    const looking = document.visibilityState === "visible" && document.hasFocus()
    const visible = visibleRange(this.element)
    const passed = () => visible?.above > this.position.read
    // The "New" line is placed before anything counts as read where the reader isn't looking, or starts further down.
    if (!looking || passed()) this.placeNewLine()
    if (looking && visible) this.position.markSeen(visible.above, visible.bottom)
    if (messagePane.attached && this.position.read >= room.log.seq) this.position.unread = 0
    if (this.position.unread === 0) this.newLineSeq = null
    this.placeNewLine()
    this.publish(passed())
    if (this.position.read > this.reported) this.timer ??= setTimeout(() => this.report(), REPORT_DELAY_MS)
  }

  placeNewLine() {
    const row = this.newLineSeq && messagePane.list.rowBySeq(this.newLineSeq)
    if (!row || !(messagePane.list.rowAbove(row) || part(this.element, "older").hidden)) return
    this.newLineSeq = null
    messagePane.list.markNew(row)
  }

  publish(passed = false) {
    const { unread, read } = this.position
    setUnread("here", unread)
    messagePane.emit("read-position", { unread, read, passed: passed && unread > 0 })
  }

  readAll() {
    this.position.applyServer({ read_seq: room.log.seq, unread: 0 })
    this.newLineSeq = null
    this.publish()
    this.report()
  }

  /** Marks a message and those below it unread, on all pages of the reader. */
  async markUnread(seq) {
    // What this page has read goes first: the server moves back from there.
    if (this.position.read > this.reported) this.report()
    try {
      this.take(await connection.request("read", { room: room.slug, seq: seq - 1, back: true, version: this.position.version }))
      toast(this.position.unread ? "Unread from here" : "Nothing below is unread")
      this.schedule()
    } catch (error) {
      toast(`Not marked unread: ${error.detail}`)
    }
  }

  /** Sends the position to the server. */
  async report() {
    clearTimeout(this.timer)
    this.timer = null
    const [before, seq] = [this.reported, this.position.read]
    this.reported = seq
    try {
      const answer = await connection.request("read", { room: room.slug, seq, version: this.position.version })
      this.tries = 0
      this.take(answer)
      this.schedule()
    } catch (error) {
      this.reported = before
      // After the next join, and else by itself: the reader who has come to the end may never move again.
      if (error.code === "offline" || !TRANSIENT_ERRORS.has(error.code)) return
      this.tries += 1
      this.timer ??= setTimeout(() => this.report(), retryDelay(this.tries, error))
    }
  }
}

/** The range of the log on the screen: after `above`, up to `bottom`; null where no message's end is visible. */
function visibleRange(element) {
  const { top, bottom } = element.getBoundingClientRect()
  const rows = messagePane.list.rows()
  const first = findFirst(rows, (box) => box.bottom > top)
  const last = findFirst(rows, (box) => box.bottom > bottom + 1) - 1
  if (last < first) return null
  const atBeginning = first === 0 && part(element, "older").hidden
  const above = atBeginning ? 0 : seqOf(rows[first - 1]) ?? seqOf(rows[0]) - 1
  return { above, bottom: messagePane.attached && last === rows.length - 1 ? room.log.seq : seqOf(rows[last]) }
}

const seqOf = (row) => row && Number(row.dataset.seq)
const isCounted = (row) => row.dataset.user !== room.me.username && !row.classList.contains("deleted")

/** Binary search: the index of the first row, from top to bottom, whose box matches; the number of rows where none does. */
function findFirst(rows, matches) {
  let [low, high] = [0, rows.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (matches(rows[middle].getBoundingClientRect())) high = middle
    else low = middle + 1
  }
  return low
}
