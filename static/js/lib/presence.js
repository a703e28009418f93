import { Emitter } from "./emitter.js"
import { live } from "./live.js"
import { me } from "./me.js"
import { get } from "./rest.js"

// Names in one question.
const MOST = 100

/** Who is here, as the dots on the page show it. Emits "changed" (username, online). */
class Presence extends Emitter {
  set(username, online) {
    for (const dot of document.querySelectorAll(`[data-presence="${CSS.escape(username)}"]`)) dot.hidden = !online
    this.emit("changed", username, online)
  }

  /** What changed while nobody told us, of those whom the page shows. */
  async refresh() {
    const shown = [...new Set([...document.querySelectorAll("[data-presence]")].map((dot) => dot.dataset.presence))].filter(Boolean)
    for (let start = 0; start < shown.length; start += MOST) {
      const parameters = { limit: MOST, username: shown.slice(start, start + MOST) }
      for (const user of (await get("/user", parameters)).results) this.set(user.username, user.online)
    }
  }
}

export const presence = new Presence()
const name = (user) => user.username ?? user

// Nobody tells me of myself.
live.on("online", () => presence.set(me, true))
live.on("offline", () => presence.set(me, false))
live.on("user-connected", ({ user }) => presence.set(name(user), true))
live.on("user-disconnected", ({ user }) => presence.set(name(user), false))
