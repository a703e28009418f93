import { connection } from "../connection/connection.js"
import { Emitter } from "../connection/emitter.js"
// Before this module, also on other pages: a join is asked for before the marks.
import { room } from "./room.js"

const PARTS = ["rooms", "people", "drafts", "inbox"]

/**
 * Emits the names of those PARTS of which the page may have missed something, for them to be fetched anew: all after a lost
 * connection. The first connection comes a moment after the page was rendered; then the server is asked for its marks, and
 * a part that has another mark than the page was rendered with has changed since.
 */
class Missed extends Emitter {
  constructor() {
    super()
    connection.on("asking", () => (this.first = this.#compare()))
    connection.on("online", () => (this.first ? (this.first = null) : this.#emit(PARTS)))
    connection.on("offline", () => (this.first = null))
  }

  async #compare() {
    const rendered = JSON.parse(document.querySelector("[data-marks]").dataset.marks)
    try {
      const { marks } = await connection.request("sync", { rooms: "mine", ...(room && { room: room.slug }) })
      this.#emit(PARTS.filter((name) => marks[name] !== rendered[name] || (name === "people" && showsOthers())))
    } catch (error) {
      // The next connection finds all of it missed.
      if (error.code !== "offline") this.#emit(PARTS)
    }
  }

  #emit(names) {
    for (const name of names) this.emit(name)
  }
}

/** Whether the page shows people of whom the marks don't speak: they are of those in the sidebar, and in a room's page. */
const showsOthers = () => !room && Boolean(document.querySelector("main [data-presence]"))

export const missed = new Missed()
