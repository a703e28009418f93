import { get } from "../../lib/connection/rest.js"
import { part } from "../../lib/page/dom.js"
import { messagePane } from "../../lib/room/message_pane.js"
import { room } from "../../lib/room/room.js"

const PAGE_SIZE = 50
const PRELOAD_MARGIN = "800px 0px"

/** Loads older pages before the reader reaches them, and newer ones where the page was opened in the past. */
export function mount(element) {
  const older = part(element, "older")
  const newer = part(element, "newer")
  loadNear(element, older, older, loadOlder)
  if (newer) loadNear(element, newer, newer.querySelector("a"), loadNewer)
}

/** Loads whenever `sentinel` comes near; `link` shows the progress, and tries again when pressed. */
function loadNear(element, sentinel, link, load) {
  const label = link.textContent
  let busy = false
  const run = async () => {
    if (busy) return
    busy = true
    link.textContent = "Loading…"
    try {
      await load(sentinel)
      link.textContent = label
    } catch {
      link.textContent = "Could not load. Try again"
      link.tabIndex = 0
      busy = "failed"
      return
    }
    busy = false
    // An observer reports changes alone: a sentinel still near after a short page is observed anew.
    observer.unobserve(sentinel)
    if (sentinel.isConnected) observer.observe(sentinel)
  }
  const observer = new IntersectionObserver(([entry]) => entry.isIntersecting && run(), { root: element, rootMargin: PRELOAD_MARGIN })
  observer.observe(sentinel)
  link.addEventListener("click", (event) => {
    event.preventDefault()
    busy = false
    run()
  })
}

async function loadOlder(sentinel) {
  if (sentinel.hidden) return
  const before = messagePane.list.first.dataset.seq
  const page = await get("/message", { room: room.slug, before, limit: PAGE_SIZE })
  messagePane.scroller.keepPlace(() => {
    messagePane.list.prepend(page.results)
    sentinel.hidden = !page.next
    part(messagePane.element, "beginning").hidden = Boolean(page.next)
    messagePane.emit("loaded")
  })
}

async function loadNewer(sentinel) {
  const after = messagePane.list.last.dataset.seq
  const page = await get("/message", { room: room.slug, after, limit: PAGE_SIZE })
  messagePane.scroller.pinned = false
  for (const message of page.results) messagePane.list.upsert(message)
  if (!page.next) {
    sentinel.remove()
    messagePane.attach()
  }
  messagePane.emit("loaded")
}
