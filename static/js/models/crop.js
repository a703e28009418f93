/** How often larger than it has to be a picture is shown at most. */
const MAX_ZOOM = 8

/** The square part of a picture that a square view of `side` shows: `x` and `y` are its middle, in the picture's pixels. */
export class Crop {
  constructor(width, height, side) {
    Object.assign(this, { width, height, side, zoom: 1, x: width / 2, y: height / 2 })
  }

  /** The side of the part, in the picture's pixels. */
  get size() {
    return Math.min(this.width, this.height) / this.zoom
  }

  /** The part's upper left corner and side. */
  get source() {
    return { x: this.x - this.size / 2, y: this.y - this.size / 2, size: this.size }
  }

  /** How far the zoom is on its way, from 0 to 1; each step is as much larger as the one before. */
  get progress() {
    return Math.log(this.zoom) / Math.log(MAX_ZOOM)
  }

  /** Moves the picture by pixels of the view. */
  moveBy(right, down) {
    const scale = this.size / this.side
    this.x -= right * scale
    this.y -= down * scale
    this.#keepInside()
  }

  /** Enlarges by a factor; what is at a place of the view stays there. */
  zoomBy(factor, right = this.side / 2, down = this.side / 2) {
    const before = this.size
    this.zoom = Math.min(MAX_ZOOM, Math.max(1, this.zoom * factor))
    const shrunk = before - this.size
    this.x += (right / this.side - 0.5) * shrunk
    this.y += (down / this.side - 0.5) * shrunk
    this.#keepInside()
  }

  /** Sets the zoom by how far it is on its way. */
  zoomTo(progress) {
    this.zoomBy(MAX_ZOOM ** progress / this.zoom)
  }

  #keepInside() {
    const half = this.size / 2
    this.x = Math.min(this.width - half, Math.max(half, this.x))
    this.y = Math.min(this.height - half, Math.max(half, this.y))
  }
}
