import { connection } from "../connection/connection.js"
import { Emitter } from "../connection/emitter.js"
import { get } from "../connection/rest.js"
import { me } from "../page/me.js"
import { Told } from "../../models/told.js"

const USERNAMES_PER_REQUEST = 100

/** Shows by the dots on the page who is online. Emits "changed" (username, online), and "refreshed" (user). */
class Presence extends Emitter {
  told = new Told()

  /** Shows what was told live. */
  tell(username, online) {
    this.told.note(username)
    this.set(username, online)
  }

  set(username, online) {
    for (const dot of document.querySelectorAll(`[data-presence="${CSS.escape(username)}"]`)) dot.hidden = !online
    this.emit("changed", username, online)
  }

  /** Shows by the same dots how present somebody is who is online. */
  setAvailability(username, availability) {
    for (const dot of document.querySelectorAll(`[data-presence="${CSS.escape(username)}"]`)) dot.dataset.availability = availability
  }

  /** Asks the server again about everybody whom the page shows: some events were missed. */
  async refresh() {
    const shown = [...new Set([...document.querySelectorAll("[data-presence]")].map((dot) => dot.dataset.presence))].filter(Boolean)
    for (let start = 0; start < shown.length; start += USERNAMES_PER_REQUEST) {
      const parameters = { limit: USERNAMES_PER_REQUEST, username: shown.slice(start, start + USERNAMES_PER_REQUEST) }
      const isNewer = this.told.since()
      for (const user of (await get("/user", parameters)).results) {
        if (!isNewer(user.username)) this.set(user.username, user.online)
        this.emit("refreshed", user)
      }
    }
  }
}

export const presence = new Presence()
const usernameOf = (user) => user.username ?? user

// The server sends nobody events of their own presence.
connection.on("online", () => presence.set(me, true))
connection.on("offline", () => presence.set(me, false))
connection.on("user-connected", ({ user }) => presence.tell(usernameOf(user), true))
connection.on("user-disconnected", ({ user }) => presence.tell(usernameOf(user), false))
