import { part } from "../../lib/page/dom.js"
import { messagePane } from "../../lib/room/message_pane.js"

/** Shows "130 new ↑" to a reader who scrolled past unread messages. */
export function mount(element) {
  let lastRead = null
  const link = part(element, "jump")

  messagePane.on("read-position", ({ unread, read, passed }) => {
    lastRead = read
    element.hidden = !passed
    part(element, "jump-text").textContent = `${unread} new`
  })
  link.addEventListener("click", (event) => {
    const row = messagePane.list.rows().find(({ dataset }) => Number(dataset.seq) > lastRead)
    // The link leads to the first unread message where that isn't loaded.
    if (!row || !messagePane.list.rowAbove(row)) return
    event.preventDefault()
    messagePane.scrollTo(row)
  })
  part(element, "mark-read").addEventListener("click", () => messagePane.emit("read-all"))
}
