const NEAR = 48

/** A scrolled element whose reader stays where they are while things change around them. */
export class Scroller {
  constructor(element) {
    this.element = element
    this.pinned = true
    element.addEventListener("scroll", () => (this.pinned = this.atBottom()), { passive: true })
    // The keyboard of a phone, a growing composer or a late picture: who was at the bottom stays there.
    const keep = new ResizeObserver(() => this.pinned && this.toBottom())
    keep.observe(element)
    for (const child of element.children) keep.observe(child)
  }

  atBottom() {
    const { scrollTop, scrollHeight, clientHeight } = this.element
    return scrollHeight - scrollTop - clientHeight < NEAR
  }

  toBottom() {
    this.element.scrollTop = this.element.scrollHeight
    this.pinned = true
  }

  /** Does something that changes what is above, and puts the reader's first visible row back where it was. */
  keepPlace(change) {
    const anchor = this.#anchor()
    const before = anchor?.getBoundingClientRect().top
    change()
    if (anchor?.isConnected) this.element.scrollTop += anchor.getBoundingClientRect().top - before
  }

  /** Does something that adds below; only who was at the bottom goes along. */
  follow(change) {
    const { pinned } = this
    change()
    if (pinned) this.toBottom()
  }

  #anchor() {
    const { top } = this.element.getBoundingClientRect()
    return [...this.element.querySelectorAll(".message")].find((row) => row.getBoundingClientRect().bottom > top)
  }
}
