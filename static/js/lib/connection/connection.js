import { io, XHR } from "../../../vendor/socket.io.esm.min.js"
import { Transports } from "../../models/transports.js"
import { conceal, reveal } from "./bfcache_guard.js"
import { Emitter } from "./emitter.js"
import { OpenedEarly } from "./opened_early.js"

const ACK_TIMEOUT_MS = 10_000
const CONNECT_TIMEOUT_MS = 8_000
const RELOAD_INTERVAL_MS = 15_000
// A renewed session's cookie arrives with the response to what renewed it, which waits for all processes of the site.
const RENEWAL_GRACE_MS = 20_000
const SOCKET_OPTIONS = {
  // Straight to the websocket: polling first costs two round trips. Polling is left for networks that let no websocket through.
  tryAllTransports: true,
  // A network that swallows the websocket's handshake answers nothing at all.
  timeout: CONNECT_TIMEOUT_MS,
  // All clients reconnect when a server comes back: spread over the first two seconds, then four, then more.
  reconnectionDelay: 1000,
  reconnectionDelayMax: 5000,
  randomizationFactor: 1,
}
// In this tab's storage, so that the next page needn't find out again.
const FALLBACK_KEY = "websocket-fails"
const TRANSPORTS = { websocket: OpenedEarly, polling: XHR }

/**
 * The page's one Socket.IO connection. Emits "online", "offline", the server's events by their names, and the events of
 * room logs (those with a `room` and a `seq`) once more as "log" (name, data). "asking" comes once, before the first
 * "online": requests made then are sent right behind the CONNECT, and answered behind `hello`.
 * `status` is "connecting" (not yet), "online" or "offline".
 */
class Connection extends Emitter {
  status = "connecting"
  renewedAt = -Infinity
  submitting = false
  asking = false

  start() {
    const fallenBack = Boolean(sessionStorage.getItem(FALLBACK_KEY))
    this.transports = new Transports({ probe: probeWebSocket, use: (order) => this.#useTransports(order), fallenBack })
    this.socket = io({ ...SOCKET_OPTIONS, transports: this.transports.order.map((name) => TRANSPORTS[name]) })
    // After the socket's own listener, which sends the CONNECT.
    this.socket.io.on("open", () => this.#onOpen())
    this.socket.on("connect", () => this.#setStatus("online"))
    this.socket.on("disconnect", (reason) => this.#onDisconnect(reason))
    this.socket.on("connect_error", (error) => this.#onConnectError(error))
    this.socket.on("session-ended", ({ code }) => (code === "renewed" ? (this.renewedAt = performance.now()) : this.#onSessionEnd()))
    this.socket.onAny((name, data) => this.#dispatch(name, data))
    addEventListener("online", () => this.#reconnect())
    addEventListener("offline", () => this.socket.io.engine?.close())
    // A reload would cut off a form that is being submitted.
    addEventListener("submit", (event) => (this.submitting = !event.defaultPrevented))
    // Browsers keep no page for back and forward that has an open connection.
    addEventListener("pagehide", ({ persisted }) => persisted && this.socket.disconnect())
    addEventListener("pageshow", ({ persisted }) => {
      this.submitting = false
      if (persisted) this.#reconnect()
    })
  }

  /** The id of this connection, which a change may name so as not to be told of itself; "" while there is none. */
  get id() {
    return this.socket?.id ?? ""
  }

  /** Sends an event and returns the ack without `ok`; rejects with {code, detail, fields?, retry_after?}. */
  async request(event, data) {
    if (!this.socket?.connected && !this.asking) throw { code: "offline", detail: "There is no connection." }
    const socket = this.socket
    let answer
    try {
      answer = await this.#orOffline(socket.timeout(ACK_TIMEOUT_MS).emitWithAck(event, data))
    } catch (error) {
      throw error.code ? error : { code: "timeout", detail: "The server did not answer." }
    }
    if (!answer.ok) throw answer.error
    return answer
  }

  /** Sends an event without an ack; it is dropped while there is no connection. */
  sendVolatile(event, data) {
    if (this.socket?.connected) this.socket.volatile.emit(event, data)
  }

  /** Sends what "asking" asks for at once: the client would keep it until the CONNECT is answered. */
  #onOpen() {
    if (this.status !== "connecting") return
    this.asking = true
    this.emit("asking")
    this.asking = false
    for (const packet of this.socket.sendBuffer.splice(0)) this.socket.packet(packet)
  }

  #dispatch(name, data) {
    this.emit(name, data)
    if (data?.room !== undefined && data.seq !== undefined) this.emit("log", name, data)
  }

  #orOffline(answer) {
    return new Promise((resolve, reject) => {
      const off = this.on("offline", () => reject({ code: "offline", detail: "The connection was lost." }))
      answer.then(resolve, reject).finally(off)
    })
  }

  #setStatus(status) {
    if (this.status === status) return
    if (status === "online") reveal()
    this.status = status
    document.documentElement.dataset.liveStatus = status
    this.emit(status)
  }

  #onDisconnect(reason) {
    this.#setStatus("offline")
    // The client doesn't reconnect by itself where the server closed the connection.
    if (reason === "io server disconnect" && !this.sessionEnded) this.#reconnectAfter(1000)
  }

  #onConnectError(error) {
    this.#setStatus("offline")
    if (error.message === "timeout") this.transports.timedOut()
    const renewing = performance.now() - this.renewedAt < RENEWAL_GRACE_MS
    if (error.data?.code === "unauthorized" && !renewing) this.#onSessionEnd()
    else if (!this.socket.active) this.#reconnectAfter(2000)
  }

  /** Reloads the page, which shows the log-in page to somebody who is logged out; once in RELOAD_INTERVAL_MS at most. */
  #onSessionEnd() {
    if (this.sessionEnded) return
    this.sessionEnded = true
    if (this.submitting) {
      this.submitting = false
      setTimeout(() => this.#retrySession(), RELOAD_INTERVAL_MS)
      return
    }
    conceal()
    // Of either sign, as the clock may have been set back since.
    const sinceReload = Math.abs(Date.now() - Number(sessionStorage.getItem("ended-at")))
    if (sinceReload < RELOAD_INTERVAL_MS) {
      setTimeout(() => this.#retrySession(), RELOAD_INTERVAL_MS)
      return
    }
    sessionStorage.setItem("ended-at", String(Date.now()))
    location.reload()
  }

  #retrySession() {
    this.sessionEnded = false
    this.#reconnect()
  }

  /** Reconnects after half to one and a half times `ms`, so that clients don't come all at once. */
  #reconnectAfter(ms) {
    setTimeout(() => this.#reconnect(), ms * (0.5 + Math.random()))
  }

  #reconnect() {
    if (!this.socket.connected) this.socket.connect()
  }

  /** Takes these transports from the next handshake on; a connection that polls without need is closed, to be opened anew. */
  #useTransports(order) {
    const manager = this.socket.io
    manager.opts.transports = order.map((name) => TRANSPORTS[name])
    const { fallenBack } = this.transports
    if (fallenBack) sessionStorage.setItem(FALLBACK_KEY, "1")
    else sessionStorage.removeItem(FALLBACK_KEY)
    if (!fallenBack && manager.engine?.transport?.name === "polling") manager.engine.close()
  }
}

/** Whether a websocket to the server opens and brings a first message; it is closed again. */
function probeWebSocket() {
  const url = new URL("/socket.io/?EIO=4&transport=websocket", location.origin.replace(/^http/, "ws"))
  return new Promise((resolve) => {
    const probe = new WebSocket(url)
    const finish = (opened) => {
      clearTimeout(timer)
      probe.close()
      resolve(opened)
    }
    const timer = setTimeout(() => finish(false), CONNECT_TIMEOUT_MS)
    probe.addEventListener("message", () => finish(true))
    probe.addEventListener("error", () => finish(false))
  })
}

export const connection = new Connection()
