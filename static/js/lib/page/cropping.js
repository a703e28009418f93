import { Crop } from "../../models/crop.js"
import { part } from "./dom.js"

const STEP_PX = 8
const ZOOM_STEP = 1.15
const WHEEL_SPEED = 0.002
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }

/** Shows the dialog; resolves with the chosen part as a file's bytes, or with null. */
export function cropped(dialog, picture) {
  const cutter = new Cutter(part(dialog, "canvas"), part(dialog, "zoom"), picture)
  dialog.returnValue = ""
  dialog.showModal()
  cutter.canvas.focus()
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      cutter.stop()
      if (dialog.returnValue !== "use") resolve(null)
      else cutter.canvas.toBlob(resolve, "image/webp", 0.9)
    }, { once: true })
  })
}

/** Draws the part on the canvas, and moves it by the pointer, two fingers, the wheel and the keys. */
class Cutter {
  constructor(canvas, slider, picture) {
    Object.assign(this, { canvas, slider, picture, fingers: new Map(), ended: new AbortController() })
    this.crop = new Crop(picture.width, picture.height, canvas.width)
    const { signal } = this.ended
    canvas.addEventListener("pointerdown", (event) => this.onDown(event), { signal })
    canvas.addEventListener("pointermove", (event) => this.onMove(event), { signal })
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, ({ pointerId }) => this.fingers.delete(pointerId), { signal })
    canvas.addEventListener("wheel", (event) => this.onWheel(event), { signal, passive: false })
    canvas.addEventListener("keydown", (event) => this.onKey(event), { signal })
    slider.addEventListener("input", () => this.change((crop) => crop.zoomTo(slider.value / 100)), { signal })
    this.change(() => {})
  }

  stop() {
    this.ended.abort()
  }

  change(apply) {
    apply(this.crop)
    const { x, y, size } = this.crop.source
    const { width } = this.canvas
    const context = this.canvas.getContext("2d")
    context.clearRect(0, 0, width, width)
    context.imageSmoothingQuality = "high"
    context.drawImage(this.picture, x, y, size, size, 0, 0, width, width)
    this.slider.value = String(Math.round(this.crop.progress * 100))
  }

  /** A place of the page in the canvas's pixels. */
  placeOf({ clientX, clientY }) {
    const box = this.canvas.getBoundingClientRect()
    const scale = this.canvas.width / box.width
    return [(clientX - box.left) * scale, (clientY - box.top) * scale]
  }

  onDown(event) {
    this.canvas.setPointerCapture(event.pointerId)
    this.fingers.set(event.pointerId, this.placeOf(event))
  }

  onMove(event) {
    const before = this.fingers.get(event.pointerId)
    if (!before) return
    const now = this.placeOf(event)
    const other = [...this.fingers].find(([id]) => id !== event.pointerId)?.[1]
    this.fingers.set(event.pointerId, now)
    this.change((crop) => {
      if (other) crop.zoomBy(distance(now, other) / Math.max(1, distance(before, other)), ...middle(now, other))
      const share = other ? 2 : 1
      crop.moveBy((now[0] - before[0]) / share, (now[1] - before[1]) / share)
    })
  }

  onWheel(event) {
    event.preventDefault()
    this.change((crop) => crop.zoomBy(Math.exp(-event.deltaY * WHEEL_SPEED), ...this.placeOf(event)))
  }

  onKey(event) {
    const zoom = { "+": ZOOM_STEP, "=": ZOOM_STEP, "-": 1 / ZOOM_STEP }[event.key]
    const [right, down] = MOVES[event.key] ?? []
    if (event.ctrlKey || event.metaKey || (!zoom && right === undefined)) return
    event.preventDefault()
    // The keys move what is shown, and so the picture the other way.
    this.change((crop) => (zoom ? crop.zoomBy(zoom) : crop.moveBy(-right * STEP_PX, -down * STEP_PX)))
  }
}

const distance = ([x, y], [left, top]) => Math.hypot(x - left, y - top)
const middle = ([x, y], [left, top]) => [(x + left) / 2, (y + top) / 2]
