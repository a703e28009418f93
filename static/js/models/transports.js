/**
 * By which way the connection goes: the websocket, and polling where networks let none through, or swallow what opens one.
 * A way that failed gives place to the other; from polling one comes back by trying a websocket now and then.
 */
export class Transports {
  static first = ["websocket", "polling"]
  static then = ["polling", "websocket"]
  // Milliseconds until a websocket is tried, twice as many each time.
  static pause = 60_000
  static longest = 600_000

  /**
   * `probe()` resolves to whether a websocket opens; `turn(transports)` has the connection use them from now on. `fallen`
   * where an earlier page of this tab had to fall back.
   */
  constructor({ probe, turn, fallen = false, later = (run, after) => setTimeout(run, after) }) {
    Object.assign(this, { probe, turn, later, fallen, pause: Transports.pause })
    if (fallen) this.#again()
  }

  get ways() {
    return this.fallen ? Transports.then : Transports.first
  }

  /** An opening was not answered in time. */
  timedOut() {
    if (this.fallen) return
    this.fallen = true
    this.turn(this.ways)
    this.#again()
  }

  #again() {
    this.later(() => this.#try(), this.pause)
    this.pause = Math.min(Transports.longest, this.pause * 2)
  }

  async #try() {
    if (!(await this.probe())) return this.#again()
    this.fallen = false
    this.pause = Transports.pause
    this.turn(this.ways)
  }
}
