import { swipeOf, Zoom } from "../../models/zoom.js"
import { part } from "../page/dom.js"
import { RoomPictures } from "./room_pictures.js"

const STEP = 1.5
const DOUBLE_CLICK_SCALE = 2.5
const WHEEL_RATE = 0.002

/** Shows the page's pictures, and the room's beyond them, one after another in a dialog: by pointer, keys, swipe, pinch and wheel. */
export class Viewer {
  constructor(dialog) {
    this.dialog = dialog
    this.stage = part(dialog, "stage")
    this.image = part(dialog, "image")
    this.pictures = new RoomPictures(dialog.dataset)
    this.zoom = new Zoom()
    this.pointers = new Map()
    for (const [name, act] of Object.entries({ close: () => dialog.close(), previous: () => this.step(-1), next: () => this.step(1) })) {
      part(dialog, name).addEventListener("click", act)
    }
    dialog.addEventListener("keydown", (event) => this.onKey(event))
    dialog.addEventListener("close", () => this.onClose())
    this.image.addEventListener("load", () => (this.image.dataset.loaded = ""))
    this.stage.addEventListener("wheel", (event) => this.onWheel(event), { passive: false })
    this.stage.addEventListener("dblclick", (event) => this.zoomBy(this.zoom.zoomed ? 1 / this.zoom.scale : DOUBLE_CLICK_SCALE, this.pointOf(event)))
    this.stage.addEventListener("pointerdown", (event) => this.onDown(event))
    this.stage.addEventListener("pointermove", (event) => this.onMove(event))
    for (const name of ["pointerup", "pointercancel"]) this.stage.addEventListener(name, (event) => this.onUp(event))
  }

  open(picture) {
    this.opener = picture
    this.pictures.restart()
    this.dialog.showModal()
    this.show(picture)
    this.stage.focus({ preventScroll: true })
  }

  onClose() {
    this.image.removeAttribute("src")
    this.pointers.clear()
    // The one that was looked at last may be where no eye sees it.
    this.opener?.focus({ preventScroll: true })
  }

  show(picture) {
    this.picture = picture
    const { large, name, alt, note, animated } = picture.dataset
    delete this.image.dataset.loaded
    this.image.src = animated === undefined ? large : picture.href
    this.image.alt = alt || name
    part(this.dialog, "blur").src = part(picture, "image").currentSrc || part(picture, "image").src
    part(this.dialog, "name").textContent = name
    part(this.dialog, "note").textContent = note
    part(this.dialog, "alt").textContent = alt
    part(this.dialog, "alt").hidden = !alt
    const where = this.showPlace()
    part(this.dialog, "said").textContent = [where, alt || name].filter(Boolean).join(": ")
    for (const by of [-1, 1]) this.prepare(by)
    Object.assign(part(this.dialog, "download"), { href: picture.href, download: name })
    part(this.dialog, "original").href = picture.href
    this.zoom.reset()
    this.render()
  }

  /** Says which of the known pictures it is. */
  showPlace() {
    const all = this.pictures.all()
    const place = all.indexOf(this.picture)
    const where = all.length > 1 ? `${place + 1} of ${all.length}` : ""
    part(this.dialog, "place").textContent = where
    this.enable("previous", place > 0)
    this.enable("next", place < all.length - 1)
    return where
  }

  neighbour(by) {
    const all = this.pictures.all()
    return all[all.indexOf(this.picture) + by]
  }

  /** Asks for the room's pictures beyond the last known one. */
  async prepare(by) {
    if (this.neighbour(by)) return
    await this.pictures.load(by)
    if (this.dialog.open) this.showPlace()
  }

  /** Lets a button be pressed, or not: then the focus, without which the dialog hears no keys, goes from it to the stage. */
  enable(name, enabled) {
    const button = part(this.dialog, name)
    if (!enabled && button === document.activeElement) this.stage.focus({ preventScroll: true })
    button.disabled = !enabled
  }

  /** Shows the picture before or behind; closes where this one's message is gone. */
  async step(by) {
    const { picture } = this
    if (!this.pictures.all().includes(picture)) return this.dialog.close()
    await this.prepare(by)
    const next = this.neighbour(by)
    if (next && this.picture === picture && this.dialog.open) this.show(next)
  }

  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const act = this.actOf(event.key)
    if (!act) return
    event.preventDefault()
    event.stopPropagation()
    act()
  }

  actOf(key) {
    const onward = getComputedStyle(this.dialog).direction === "rtl" ? -1 : 1
    return {
      ArrowRight: () => this.step(onward),
      ArrowLeft: () => this.step(-onward),
      "+": () => this.zoomBy(STEP),
      "=": () => this.zoomBy(STEP),
      "-": () => this.zoomBy(1 / STEP),
      0: () => this.zoomBy(1 / this.zoom.scale),
      d: () => part(this.dialog, "download").click(),
      o: () => part(this.dialog, "original").click(),
    }[key.length === 1 ? key.toLowerCase() : key]
  }

  onWheel(event) {
    event.preventDefault()
    this.zoomBy(Math.exp(-event.deltaY * WHEEL_RATE), this.pointOf(event))
  }

  onDown(event) {
    if (event.target.closest("button")) return
    this.stage.setPointerCapture(event.pointerId)
    this.pointers.set(event.pointerId, this.pointOf(event))
    if (this.pointers.size === 1) this.from = this.pointOf(event)
    else this.from = null
  }

  onMove(event) {
    const before = this.pointers.get(event.pointerId)
    if (!before) return
    const now = this.pointOf(event)
    const other = [...this.pointers].find(([id]) => id !== event.pointerId)?.[1]
    if (other) this.zoomBy(distance(now, other) / Math.max(distance(before, other), 1), middle(now, other))
    else if (this.zoom.zoomed) this.pan(now.x - before.x, now.y - before.y)
    this.pointers.set(event.pointerId, now)
  }

  onUp(event) {
    if (!this.pointers.delete(event.pointerId) || !this.from || this.zoom.zoomed || event.type === "pointercancel") return
    const { x, y } = this.pointOf(event)
    const act = swipeOf(x - this.from.x, y - this.from.y, getComputedStyle(this.dialog).direction === "rtl")
    if (act) part(this.dialog, act).click()
    else if (event.target === this.stage && distance(this.from, { x, y }) < 5) this.dialog.close()
  }

  zoomBy(factor, point = { x: 0, y: 0 }) {
    this.zoom.by(factor, point, ...this.sizes())
    this.render()
  }

  pan(dx, dy) {
    this.zoom.pan(dx, dy, ...this.sizes())
    this.render()
  }

  render() {
    const { scale, x, y } = this.zoom
    this.image.style.transform = `translate(${x}px, ${y}px) scale(${scale})`
    this.stage.classList.toggle("zoomed", this.zoom.zoomed)
  }

  sizes() {
    const { offsetWidth, offsetHeight } = this.image
    return [{ width: offsetWidth, height: offsetHeight }, { width: this.stage.clientWidth, height: this.stage.clientHeight }]
  }

  /** Where a pointer is, from the stage's middle. */
  pointOf({ clientX, clientY }) {
    const { left, top, width, height } = this.stage.getBoundingClientRect()
    return { x: clientX - left - width / 2, y: clientY - top - height / 2 }
  }
}

const distance = (one, other) => Math.hypot(one.x - other.x, one.y - other.y)
const middle = (one, other) => ({ x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 })
