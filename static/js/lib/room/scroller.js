const BOTTOM_TOLERANCE_PX = 48

/** A scrolled element that keeps the reader's place while its content changes. `pinned` says that they are at the bottom. */
export class Scroller {
  constructor(element) {
    this.element = element
    this.pinned = true
    element.addEventListener("scroll", () => (this.pinned = this.atBottom()), { passive: true })
    // A phone's keyboard, a growing composer or a late picture changes sizes: a pinned reader stays at the bottom.
    const observer = new ResizeObserver(() => this.pinned && this.scrollToBottom())
    observer.observe(element)
    for (const child of element.children) observer.observe(child)
  }

  atBottom() {
    const { scrollTop, scrollHeight, clientHeight } = this.element
    return scrollHeight - scrollTop - clientHeight < BOTTOM_TOLERANCE_PX
  }

  scrollToBottom() {
    this.element.scrollTop = this.element.scrollHeight
    this.pinned = true
  }

  /** Runs a change of the content above, and puts the first visible row back where it was. */
  keepPlace(change) {
    const anchor = this.#anchor()
    const before = anchor?.getBoundingClientRect().top
    change()
    if (anchor?.isConnected) this.element.scrollTop += anchor.getBoundingClientRect().top - before
  }

  /** Runs a change that adds content below, and scrolls to the bottom if the reader was there. */
  follow(change) {
    const { pinned } = this
    change()
    if (pinned) this.scrollToBottom()
  }

  #anchor() {
    const { top } = this.element.getBoundingClientRect()
    return [...this.element.querySelectorAll(".message")].find((row) => row.getBoundingClientRect().bottom > top)
  }
}
