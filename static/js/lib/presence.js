import { Emitter } from "./emitter.js"
import { live } from "./live.js"
import { me } from "./me.js"
import { getAll } from "./rest.js"

/** Who is here, as the dots on the page show it. Emits "changed" (username, online). */
class Presence extends Emitter {
  set(username, online) {
    for (const dot of document.querySelectorAll(`[data-presence="${CSS.escape(username)}"]`)) dot.hidden = !online
    this.emit("changed", username, online)
  }

  /** What changed while nobody told us. */
  async refresh() {
    for (const user of await getAll("/user", { limit: 200 })) this.set(user.username, user.online)
  }
}

export const presence = new Presence()
const name = (user) => user.username ?? user

// Nobody tells me of myself.
live.on("online", () => presence.set(me, true))
live.on("offline", () => presence.set(me, false))
live.on("user-connected", ({ user }) => presence.set(name(user), true))
live.on("user-disconnected", ({ user }) => presence.set(name(user), false))
