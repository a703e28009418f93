import { database } from "./database.js"
import { me } from "../page/me.js"
import { storage } from "../page/storage.js"

// The username whose words this browser keeps, for the page that opens without a connection.
const OWNER_KEY = "kept-for"
// Set by the server where somebody logs out.
const LOGGED_OUT = /(?:^|; )logged-out=1/
const STORES = ["outbox", "files", "rooms", "shared"]
const OUTBOX_PREFIX = "outbox:"
// When this browser last looked for rooms to copy (lib/connection/offline_rooms.js).
export const COPIED_KEY = "rooms-copied"
let forgetting = Promise.resolve()

/** The username whose words this browser keeps; empty for nobody. */
export const keptFor = () => storage.getItem(OWNER_KEY) ?? ""

/** Resolves once this page has removed what it had to. */
export const guarded = () => forgetting

/**
 * Removes what this browser keeps of anybody but the person whose page this is; of everybody, once they have logged out. A
 * session that ends otherwise takes what was to be read with it; what that person wrote waits for them.
 */
export function guardKeptData() {
  const loggedOut = LOGGED_OUT.test(document.cookie)
  if (loggedOut) {
    document.cookie = "logged-out=; Path=/; Max-Age=0; SameSite=Lax"
    storage.removeItem(OWNER_KEY)
    forgetting = forget("", STORES)
  }
  if (me) {
    if (!loggedOut && keptFor() !== me) forgetting = forget(me, STORES)
    storage.setItem(OWNER_KEY, me)
  } else if (loggedOut || (location.pathname === "/login" && keptFor())) {
    forget("", ["rooms", "shared"])
    navigator.clearAppBadge?.().catch(() => {})
  }
}

function forget(owner, stores) {
  storage.removeItem(COPIED_KEY)
  if (stores.includes("outbox")) {
    for (const key of storage.keys()) {
      if (key.startsWith(OUTBOX_PREFIX) && !(owner && key.startsWith(`${OUTBOX_PREFIX}${owner}:`))) storage.removeItem(key)
    }
  }
  return database.keepOnly(owner, stores).catch(() => {})
}
