/**
 * Tells whether somebody uses a page: there was input within two minutes, and the page is to be seen. `report(active)` is
 * called with the first input, again with input after `repeatMs`, and when the page is hidden or `idleMs` passed without any.
 */
export class Attention {
  active = false

  constructor({ report, now = () => performance.now(), schedule = (look, ms) => setTimeout(look, ms), idleMs = 120_000, repeatMs = 30_000 }) {
    Object.assign(this, { report, now, schedule, idleMs, repeatMs, lastInput: -Infinity, reportedAt: -Infinity, waiting: false })
  }

  /** Notes an input on a page that is to be seen. */
  noteInput() {
    this.lastInput = this.now()
    if (!this.active || this.lastInput - this.reportedAt >= this.repeatMs) this.#say(true)
    this.#watch()
  }

  /** Notes that the page was hidden, or that its window lost the focus. */
  noteHidden() {
    if (this.active) this.#say(false)
  }

  /** Says again what holds, to a server that knows nothing of this connection. */
  connected() {
    if (this.active) this.#say(true)
  }

  #watch() {
    if (this.waiting) return
    this.waiting = true
    this.schedule(() => this.#look(), this.idleMs - (this.now() - this.lastInput))
  }

  #look() {
    this.waiting = false
    if (!this.active) return
    if (this.now() - this.lastInput >= this.idleMs) this.#say(false)
    else this.#watch()
  }

  #say(active) {
    this.active = active
    this.reportedAt = this.now()
    this.report(active)
  }
}
