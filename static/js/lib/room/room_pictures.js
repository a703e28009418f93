import { sizeInWords } from "../../models/file_views.js"
import { get } from "../connection/rest.js"

const PER_PAGE = 30
// Answers without any picture, as where messages are gone, after which the rest is left for the next step.
const MOST_EMPTY = 5

/**
 * The pictures of a page in its order, and beyond them those of its room, as far as they were asked for. Without a `room`
 * there are none beyond; `from` is a username, of whom alone the page shows files.
 */
export class RoomPictures {
  constructor({ room, from, newestFirst }) {
    Object.assign(this, { room, from, newestFirst: newestFirst !== undefined })
    this.restart()
  }

  /** Forgets what was loaded: the page may have other pictures by now. */
  restart() {
    this.older = { pictures: [], parameter: "before", rest: "0".repeat(32) }
    this.newer = { pictures: [], parameter: "after", rest: "f".repeat(32) }
  }

  all() {
    const shown = onPage()
    const known = new Set(shown.map(({ href }) => href))
    const [before, behind] = this.newestFirst ? [this.newer, this.older] : [this.older, this.newer]
    const inOrder = ({ pictures }) => pictures.filter(({ href }) => !known.has(href)).sort((one, other) => (this.newestFirst ? -1 : 1) * (one.dataset.id - other.dataset.id))
    return [...inOrder(before), ...shown, ...inOrder(behind)]
  }

  /** Loads pictures before the first (-1) or behind the last (1), if there are any; what fails is tried again next time. */
  async load(by) {
    const side = by < 0 === this.newestFirst ? this.newer : this.older
    if (!this.room || side.ended) return
    side.loading ??= this.#load(side).catch(() => {})
    await side.loading
    side.loading = null
  }

  async #load(side) {
    side.next ??= this.#edge(side)
    for (let empty = 0; side.next && empty < MOST_EMPTY; empty += 1) {
      const { results, next } = await get(`/room/${this.room}/file`, { kind: "picture", limit: PER_PAGE, [side.parameter]: side.next, ...(this.from && { from: this.from }) })
      const pictures = results.filter(({ preview }) => preview).map(build)
      side.pictures.push(...pictures)
      side.next = next && new URL(next).searchParams.get(side.parameter)
      if (pictures.length) break
    }
    side.ended = !side.next
  }

  /** Where the page's pictures end: behind all of its outermost message. */
  #edge(side) {
    const shown = onPage()
    const outermost = (side === this.older) === this.newestFirst ? shown.at(-1) : shown[0]
    const id = outermost?.closest("[data-id]")?.dataset.id
    return id ? `${id}-${side.rest}` : null
  }
}

const onPage = () => [...document.querySelectorAll(".picture")]

/** What the viewer shows of a picture that isn't on the page. */
function build({ url, name, alt, size, animated, preview, message }) {
  const picture = document.createElement("a")
  picture.href = url
  Object.assign(picture.dataset, { id: message, name, alt, note: sizeInWords(size), large: (preview.large ?? preview).url })
  if (animated) picture.dataset.animated = ""
  const image = document.createElement("img")
  image.dataset.part = "image"
  image.src = preview.url
  picture.append(image)
  return picture
}
