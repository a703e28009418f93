import { part } from "../lib/dom.js"
import { get } from "../lib/rest.js"
import { room } from "../lib/room.js"
import { talk } from "../lib/talk.js"

const PAGE = 50
const AHEAD = "800px 0px"

/** Older pages load before the reader comes to them, and newer ones where the page was opened in the past. */
export function mount(element) {
  const older = part(element, "older")
  const newer = part(element, "newer")
  loadAt(element, older, older, loadOlder)
  if (newer) loadAt(element, newer, newer.querySelector("a"), loadNewer)
}

/** Loads whenever `place` is near; `link` says how it goes, and tries again when pressed. */
function loadAt(element, place, link, load) {
  const words = link.textContent
  let busy = false
  const run = async () => {
    if (busy) return
    busy = true
    link.textContent = "Loading…"
    try {
      await load(place)
      link.textContent = words
    } catch {
      link.textContent = "Could not load. Try again"
      link.tabIndex = 0
      busy = "failed"
      return
    }
    busy = false
    // Still near after a short page: the observer only tells of a change.
    watcher.unobserve(place)
    if (place.isConnected) watcher.observe(place)
  }
  const watcher = new IntersectionObserver(([entry]) => entry.isIntersecting && run(), { root: element, rootMargin: AHEAD })
  watcher.observe(place)
  link.addEventListener("click", (event) => {
    event.preventDefault()
    busy = false
    run()
  })
}

async function loadOlder(place) {
  if (place.hidden) return
  const before = talk.list.first.dataset.seq
  const page = await get("/message", { room: room.slug, before, limit: PAGE })
  talk.scroller.keepPlace(() => {
    talk.list.prepend(page.results)
    place.hidden = !page.next
    part(talk.element, "beginning").hidden = Boolean(page.next)
    talk.emit("loaded")
  })
}

async function loadNewer(place) {
  const after = talk.list.last.dataset.seq
  const page = await get("/message", { room: room.slug, after, limit: PAGE })
  talk.scroller.pinned = false
  for (const message of page.results) talk.list.put(message)
  if (!page.next) {
    place.remove()
    talk.attach()
  }
  talk.emit("loaded")
}
