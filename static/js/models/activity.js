const IDLE_MS = 600_000

/**
 * Tells whether a page is active: it is idle after ten minutes without input. `report(active)` is called with each change,
 * and `connected()` is to be called after each connection, which the server takes for active. `schedule` is setTimeout.
 */
export class Activity {
  constructor({ report, now = Date.now, schedule = (again, delay) => setTimeout(again, delay) }) {
    Object.assign(this, { report, now, schedule, active: true, lastInput: now() })
    this.#look()
  }

  input() {
    this.lastInput = this.now()
    if (this.active) return
    this.active = true
    this.report(true)
  }

  connected() {
    if (!this.active) this.report(false)
  }

  /** Looks again when the page would be idle: one timer, however much input there is. */
  #look() {
    const left = this.lastInput + IDLE_MS - this.now()
    if (left <= 0 && this.active) {
      this.active = false
      this.report(false)
    }
    this.schedule(() => this.#look(), left > 0 ? left : IDLE_MS / 20)
  }
}
