import { io, XHR } from "../../vendor/socket.io.esm.min.js"
import { Transports } from "../models/transports.js"
import { Emitter } from "./emitter.js"
import { OpenedEarly } from "./opened_early.js"
import { cover, uncover } from "./visits.js"

const ANSWER_MS = 10_000
const OPEN_MS = 8_000
const RELOAD_MS = 15_000
// The cookie of a renewed session comes with the answer to what renewed it, when all processes of the site know.
const RENEW_MS = 20_000
const OPTIONS = {
  // Straight to the websocket: polling first costs two round trips. It stays for networks that let no websocket through.
  tryAllTransports: true,
  // A network that swallows the websocket's opening answers nothing at all.
  timeout: OPEN_MS,
  // When the server comes back so does everyone: spread over the first two seconds, then four, then more.
  reconnectionDelay: 1000,
  reconnectionDelayMax: 5000,
  randomizationFactor: 1,
}
// In this tab's storage: the next page needn't find out again.
const FALLEN = "websocket-fails"
const WAYS = { websocket: OpenedEarly, polling: XHR }

/**
 * The one connection of this page. Emits "online", "offline", the server's events by their names, and those of a
 * room's log once more as "log" (name, data): they are the ones that have a `room` and a `seq`. "asking" comes once, before
 * the first "online": what is requested then is sent right behind the CONNECT, and answered behind `hello`.
 * `status` is "connecting" (not yet), "online" or "offline".
 */
class Live extends Emitter {
  status = "connecting"
  renewedAt = -Infinity
  leaving = false
  asking = false

  start() {
    const fallen = Boolean(sessionStorage.getItem(FALLEN))
    this.transports = new Transports({ probe: opens, turn: (transports) => this.#use(transports), fallen })
    this.socket = io({ ...OPTIONS, transports: this.transports.ways.map((way) => WAYS[way]) })
    // After the socket's own listener, which asks to be let in.
    this.socket.io.on("open", () => this.#opened())
    this.socket.on("connect", () => this.#turn("online"))
    this.socket.on("disconnect", (reason) => this.#disconnected(reason))
    this.socket.on("connect_error", (error) => this.#refused(error))
    this.socket.on("session-ended", ({ code }) => (code === "renewed" ? (this.renewedAt = Date.now()) : this.#ended()))
    this.socket.onAny((name, data) => this.#hear(name, data))
    addEventListener("online", () => this.#hurry())
    addEventListener("offline", () => this.socket.io.engine?.close())
    // A form on its way must arrive: to load the page again would cut it off.
    addEventListener("submit", (event) => (this.leaving = !event.defaultPrevented))
    // A page that sleeps has no connection, or it wouldn't be kept.
    addEventListener("pagehide", ({ persisted }) => persisted && this.socket.disconnect())
    addEventListener("pageshow", ({ persisted }) => {
      this.leaving = false
      if (persisted) this.#hurry()
    })
  }

  /** Asks the server; the ack without `ok`, or a rejection with {code, detail, fields?, retry_after?}. */
  async request(event, data) {
    if (!this.socket?.connected && !this.asking) throw { code: "offline", detail: "There is no connection." }
    const socket = this.socket
    let answer
    try {
      answer = await this.#orOffline(socket.timeout(ANSWER_MS).emitWithAck(event, data))
    } catch (error) {
      throw error.code ? error : { code: "timeout", detail: "The server did not answer." }
    }
    if (!answer.ok) throw answer.error
    return answer
  }

  /** Tells the server without waiting; lost where there is no connection. */
  tell(event, data) {
    if (this.socket?.connected) this.socket.volatile.emit(event, data)
  }

  /** The client would keep what is sent until the CONNECT is answered. */
  #opened() {
    if (this.status !== "connecting") return
    this.asking = true
    this.emit("asking")
    this.asking = false
    for (const packet of this.socket.sendBuffer.splice(0)) this.socket.packet(packet)
  }

  #hear(name, data) {
    this.emit(name, data)
    if (data?.room !== undefined && data.seq !== undefined) this.emit("log", name, data)
  }

  #orOffline(answer) {
    return new Promise((resolve, reject) => {
      const off = this.on("offline", () => reject({ code: "offline", detail: "The connection was lost." }))
      answer.then(resolve, reject).finally(off)
    })
  }

  #turn(status) {
    if (this.status === status) return
    if (status === "online") uncover()
    this.status = status
    document.documentElement.dataset.liveStatus = status
    this.emit(status)
  }

  #disconnected(reason) {
    this.#turn("offline")
    // The client doesn't come back by itself where the server hung up.
    if (reason === "io server disconnect" && !this.over) this.#later(1000)
  }

  #refused(error) {
    this.#turn("offline")
    if (error.message === "timeout") this.transports.timedOut()
    const renewing = Date.now() - this.renewedAt < RENEW_MS
    if (error.data?.code === "unauthorized" && !renewing) this.#ended()
    else if (!this.socket.active) this.#later(2000)
  }

  /** Whoever is logged out gets the log-in page by loading this one again; at most once in a while. */
  #ended() {
    if (this.over) return
    this.over = true
    if (this.leaving) {
      this.leaving = false
      setTimeout(() => this.#again(), RELOAD_MS)
      return
    }
    cover()
    const last = Number(sessionStorage.getItem("ended-at"))
    if (Date.now() - last < RELOAD_MS) {
      setTimeout(() => this.#again(), RELOAD_MS)
      return
    }
    sessionStorage.setItem("ended-at", String(Date.now()))
    location.reload()
  }

  #again() {
    this.over = false
    this.#hurry()
  }

  /** Once again after a while that is another for everyone. */
  #later(ms) {
    setTimeout(() => this.#hurry(), ms * (0.5 + Math.random()))
  }

  #hurry() {
    if (!this.socket.connected) this.socket.connect()
  }

  /** From the next opening on; one that polls and needn't any more opens anew at once. */
  #use(transports) {
    const manager = this.socket.io
    manager.opts.transports = transports.map((way) => WAYS[way])
    const { fallen } = this.transports
    if (fallen) sessionStorage.setItem(FALLEN, "1")
    else sessionStorage.removeItem(FALLEN)
    if (!fallen && manager.engine?.transport?.name === "polling") manager.engine.close()
  }
}

/** Whether a websocket to the server opens, to the first word that it says; nothing comes of it. */
function opens() {
  const url = new URL("/socket.io/?EIO=4&transport=websocket", location.origin.replace(/^http/, "ws"))
  return new Promise((resolve) => {
    const probe = new WebSocket(url)
    const done = (open) => {
      clearTimeout(timer)
      probe.close()
      resolve(open)
    }
    const timer = setTimeout(() => done(false), OPEN_MS)
    probe.addEventListener("message", () => done(true))
    probe.addEventListener("error", () => done(false))
  })
}

export const live = new Live()
