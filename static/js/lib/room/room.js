import { RoomLog } from "../../models/room_log.js"
import { connection } from "../connection/connection.js"
import { Emitter } from "../connection/emitter.js"
import { startSending } from "../connection/outbox.js"
import { pageData } from "../page/dom.js"

const RETRY_SECONDS = 2

/**
 * The room of this page, kept in sync with the server. Emits each durable event once and in order, under its name;
 * "joined" (the ack) after each connection, "online" (a count) in a large room, and "lost" (error) when the reader may not
 * read the room any more. `info` is the room's payload.
 */
class Room extends Emitter {
  constructor({ room, ...page }) {
    super()
    Object.assign(this, { info: room, slug: room.slug, ...page })
    this.log = new RoomLog({ seq: room.head, epoch: room.epoch })
    connection.on("log", (name, data) => this.#receive(name, data))
    connection.on("room-online", (data) => data.room === this.slug && this.emit("online", data.online))
    // The first join is sent before the server has let this connection in; where it doesn't, the join fails as any other.
    connection.on("asking", () => (this.firstJoin = this.#join()))
    connection.on("online", () => (this.firstJoin ? (this.firstJoin = null) : this.#join()))
    connection.on("offline", () => (this.firstJoin = null))
    connection.on("heads", (heads) => this.log.isBehind(heads[this.slug]) && this.sync())
  }

  async #join() {
    try {
      const answer = await connection.request("join", { room: this.slug, after: this.log.seq, epoch: this.log.epoch })
      if (answer.reset) return location.reload()
      this.#apply(answer.events)
      this.emit("joined", answer)
      startSending()
      if (answer.more || this.log.isBehind(answer.head)) await this.sync()
    } catch (error) {
      this.#onError(error)
    }
  }

  /** Fetches missing events, page by page, until none is missing. */
  async sync() {
    if (this.syncing) return
    this.syncing = true
    try {
      for (let more = true; more; ) {
        const page = await connection.request("sync", { room: this.slug, after: this.log.seq, epoch: this.log.epoch })
        if (page.reset) return location.reload()
        this.#apply(page.events)
        more = page.more && page.events.length > 0
      }
    } catch (error) {
      this.#onError(error)
    } finally {
      this.syncing = false
    }
  }

  #receive(event, data) {
    if (data.room !== this.slug) return
    this.#apply([{ event, data }])
    if (this.log.isBehind()) this.sync()
  }

  #apply(entries) {
    for (const { event, data } of this.log.receiveAll(entries)) this.emit(event, data)
  }

  #onError(error) {
    if (["not_found", "forbidden", "banned"].includes(error.code)) this.emit("lost", error)
    else if (error.code !== "offline") setTimeout(() => connection.status === "online" && this.#join(), (error.retry_after ?? RETRY_SECONDS) * 1000)
  }
}

const data = pageData("room-data")
export const room = data && new Room(data)
