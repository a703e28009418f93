import { part } from "../lib/dom.js"
import { talk } from "../lib/talk.js"

/** "130 new ↑" for a reader who has passed by what they haven't read. */
export function mount(element) {
  let from = null
  const link = part(element, "jump")

  talk.on("reading", ({ unread, read, passed }) => {
    from = read
    element.hidden = !passed
    part(element, "jump-text").textContent = `${unread} new`
  })
  link.addEventListener("click", (event) => {
    const row = talk.list.rows().find(({ dataset }) => Number(dataset.seq) > from)
    // What isn't loaded is where the page of the room opens.
    if (!row || !talk.list.before(row)) return
    event.preventDefault()
    talk.goTo(row)
  })
  part(element, "mark-read").addEventListener("click", () => talk.emit("read-all"))
}
