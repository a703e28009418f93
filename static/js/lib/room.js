import { RoomLog } from "../models/room_log.js"
import { pageData } from "./dom.js"
import { Emitter } from "./emitter.js"
import { live } from "./live.js"
import { openOutbox } from "./outgoing.js"

/**
 * The room of this page, kept in step with the server. Emits each durable event once and in order, under its name;
 * "joined" (the ack) after each connection, "online" (a count) in a large room, and "lost" (error) where the room is no longer ours.
 */
class Room extends Emitter {
  constructor({ room, ...page }) {
    super()
    Object.assign(this, { about: room, slug: room.slug, ...page })
    this.log = new RoomLog({ seq: room.head, epoch: room.epoch })
    live.on("log", (name, data) => this.#live(name, data))
    live.on("room-online", (data) => data.room === this.slug && this.emit("online", data.online))
    // The first one goes out before it is known that we are let in; if we aren't, it is as lost as any other.
    live.on("asking", () => (this.asked = this.#join()))
    live.on("online", () => (this.asked ? (this.asked = null) : this.#join()))
    live.on("offline", () => (this.asked = null))
    live.on("heads", (heads) => this.log.misses(heads[this.slug]) && this.sync())
  }

  async #join() {
    try {
      const answer = await live.request("join", { room: this.slug, after: this.log.seq, epoch: this.log.epoch })
      if (answer.reset) return location.reload()
      this.#apply(answer.events)
      this.emit("joined", answer)
      openOutbox()
      if (answer.more || this.log.misses(answer.head)) await this.sync()
    } catch (error) {
      this.#trouble(error)
    }
  }

  /** Fetches what is missing, page by page, until nothing is. */
  async sync() {
    if (this.syncing) return
    this.syncing = true
    try {
      for (let more = true; more; ) {
        const page = await live.request("sync", { room: this.slug, after: this.log.seq, epoch: this.log.epoch })
        if (page.reset) return location.reload()
        this.#apply(page.events)
        more = page.more && page.events.length > 0
      }
    } catch (error) {
      this.#trouble(error)
    } finally {
      this.syncing = false
    }
  }

  #live(event, data) {
    if (data.room !== this.slug) return
    this.#apply([{ event, data }])
    if (this.log.misses()) this.sync()
  }

  #apply(entries) {
    for (const { event, data } of this.log.receiveAll(entries)) this.emit(event, data)
  }

  #trouble(error) {
    if (["not_found", "forbidden", "banned"].includes(error.code)) this.emit("lost", error)
    else if (error.code !== "offline") setTimeout(() => live.status === "online" && this.#join(), (error.retry_after ?? 2) * 1000)
  }
}

const data = pageData("room-data")
export const room = data && new Room(data)
