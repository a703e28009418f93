import { database } from "./database.js"
import { me } from "../page/me.js"
import { storage } from "../page/storage.js"

// The username whose words this browser keeps, for the page that opens without a connection.
const OWNER_KEY = "kept-for"
const LOGGING_OUT_KEY = "logging-out"
const OUTBOX_PREFIX = "outbox:"

/** The username whose words this browser keeps; empty for nobody. */
export const keptFor = () => storage.getItem(OWNER_KEY) ?? ""

/**
 * Removes what this browser keeps of anybody but the person whose page this is; of everybody, once they have logged out. A
 * session that ends otherwise takes what was to be read with it; what that person wrote waits for them.
 */
export function guardKeptData() {
  addEventListener("submit", ({ target }) => new URL(target.action, location).pathname.startsWith("/logout") && storage.setItem(LOGGING_OUT_KEY, "1"))
  if (me) {
    const other = keptFor() !== me
    storage.setItem(OWNER_KEY, me)
    storage.removeItem(LOGGING_OUT_KEY)
    if (other) forget(me, ["outbox", "files", "rooms", "shared"])
  } else if (location.pathname === "/login") {
    const loggedOut = storage.getItem(LOGGING_OUT_KEY) !== null
    if (!loggedOut && !keptFor()) return
    forget("", loggedOut ? ["outbox", "files", "rooms", "shared"] : ["rooms", "shared"])
    if (loggedOut) for (const key of [OWNER_KEY, LOGGING_OUT_KEY]) storage.removeItem(key)
    navigator.clearAppBadge?.().catch(() => {})
  }
}

function forget(owner, stores) {
  if (stores.includes("outbox")) {
    for (const key of storage.keys()) {
      if (key.startsWith(OUTBOX_PREFIX) && !(owner && key.startsWith(`${OUTBOX_PREFIX}${owner}:`))) storage.removeItem(key)
    }
  }
  return database.keepOnly(owner, stores).catch(() => {})
}
