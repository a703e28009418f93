import { part } from "../../lib/page/dom.js"
import { toast } from "../../lib/page/toast.js"
import { messagePane } from "../../lib/room/message_pane.js"

/** Shows "130 new ↑" to a reader who scrolled past unread messages. Ctrl-J goes to the first one, Shift-Escape marks all read. */
export function mount(element) {
  let position = { unread: 0, read: null }
  const link = part(element, "jump")

  messagePane.on("read-position", ({ unread, read, passed }) => {
    position = { unread, read }
    element.hidden = !passed
    part(element, "jump-text").textContent = `${unread} new`
  })
  const firstUnread = () => {
    const row = messagePane.list.rows().find(({ dataset }) => Number(dataset.seq) > position.read)
    const known = row && (messagePane.list.rowAbove(row) || part(messagePane.element, "older").hidden)
    return known ? row : null
  }
  link.addEventListener("click", (event) => {
    const row = firstUnread()
    // The link leads to the first unread message where that isn't loaded.
    if (!row) return
    event.preventDefault()
    messagePane.scrollTo(row)
  })
  part(element, "mark-read").addEventListener("click", () => messagePane.emit("read-all"))

  const jump = () => {
    if (!position.unread) return toast("Nothing is unread here")
    const row = firstUnread()
    if (!row) return location.assign(link.href)
    messagePane.scrollTo(row)
    row.focus({ preventScroll: true })
  }
  const readAll = () => {
    toast(position.unread ? "Marked read" : "Nothing is unread here")
    messagePane.emit("read-all")
  }
  addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]") || event.altKey) return
    const act = isJump(event) ? jump : isReadAll(event) ? readAll : null
    if (!act) return
    event.preventDefault()
    act()
  })
}

const isJump = (event) => event.key.toLowerCase() === "j" && (event.ctrlKey || event.metaKey) && !event.shiftKey
const isReadAll = (event) => event.key === "Escape" && event.shiftKey && !event.ctrlKey && !event.metaKey
