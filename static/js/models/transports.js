/**
 * The order in which a connection tries its transports: the websocket first, and polling first once a websocket's
 * handshake timed out, as some networks let none through. After a fallback a websocket is probed, with growing delays.
 */
export class Transports {
  static websocketFirst = ["websocket", "polling"]
  static pollingFirst = ["polling", "websocket"]
  // Until a websocket is probed, doubled each time.
  static firstProbeDelayMs = 60_000
  static longestProbeDelayMs = 600_000

  /**
   * `probe()` resolves to whether a websocket opens; `use(order)` has the connection take this order from now on.
   * `fallenBack` is true where an earlier page of this tab had to fall back.
   */
  constructor({ probe, use, fallenBack = false, schedule = (run, after) => setTimeout(run, after) }) {
    Object.assign(this, { probe, use, schedule, fallenBack, probeDelayMs: Transports.firstProbeDelayMs })
    if (fallenBack) this.#scheduleProbe()
  }

  get order() {
    return this.fallenBack ? Transports.pollingFirst : Transports.websocketFirst
  }

  /** Falls back to polling, after a handshake that was not answered in time. */
  timedOut() {
    if (this.fallenBack) return
    this.fallenBack = true
    this.use(this.order)
    this.#scheduleProbe()
  }

  #scheduleProbe() {
    this.schedule(() => this.#probe(), this.probeDelayMs)
    this.probeDelayMs = Math.min(Transports.longestProbeDelayMs, this.probeDelayMs * 2)
  }

  async #probe() {
    if (!(await this.probe())) return this.#scheduleProbe()
    this.fallenBack = false
    this.probeDelayMs = Transports.firstProbeDelayMs
    this.use(this.order)
  }
}
