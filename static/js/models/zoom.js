const MAX_SCALE = 8
// Of a swipe: how far, and how much farther along its way than across.
const MIN_SWIPE_PX = 60
const SWIPE_RATIO = 1.5

/**
 * How a picture is zoomed: `scale` from 1, where it is whole, and the place {x, y} of its middle, in pixels from the stage's.
 * `picture` and `stage` are sizes {width, height}; the picture's as it is at scale 1.
 */
export class Zoom {
  constructor() {
    this.reset()
  }

  reset() {
    Object.assign(this, { scale: 1, x: 0, y: 0 })
  }

  get zoomed() {
    return this.scale > 1
  }

  /** Zooms by a factor; what is at `point`, from the stage's middle, stays there. */
  by(factor, point, picture, stage) {
    const scale = Math.min(Math.max(this.scale * factor, 1), MAX_SCALE)
    const change = scale / this.scale
    Object.assign(this, { scale, x: point.x - (point.x - this.x) * change, y: point.y - (point.y - this.y) * change })
    this.pan(0, 0, picture, stage)
  }

  /** Moves the picture, no farther than that its edge comes to the stage's. */
  pan(dx, dy, picture, stage) {
    this.x = held(this.x + dx, picture.width * this.scale - stage.width)
    this.y = held(this.y + dy, picture.height * this.scale - stage.height)
  }
}

/** What a finger's way from one point to another means where nothing is zoomed: "previous", "next", "close" or null. */
export function swipeOf(dx, dy, rtl = false) {
  const [across, along] = [Math.abs(dx), Math.abs(dy)]
  if (across >= MIN_SWIPE_PX && across > along * SWIPE_RATIO) return dx > 0 === !rtl ? "previous" : "next"
  if (dy >= MIN_SWIPE_PX && along > across * SWIPE_RATIO) return "close"
  return null
}

function held(place, beyond) {
  const most = Math.max(beyond, 0) / 2
  // Without the sign of a zero.
  return Math.min(Math.max(place, -most), most) || 0
}
