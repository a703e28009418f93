import { mostUsed, remember } from "../../models/frequent_emoji.js"
import { isNamed, loadSiteEmoji, siteEmoji } from "../emoji/site_emoji.js"
import { me } from "../page/me.js"
import { storage } from "../page/storage.js"
import { room } from "./room.js"

/**
 * The reader's most used emoji, on this device: what people use differs between a phone and a desk, the server needs no
 * table nor query for it, and nobody else learns it.
 */
const KEY = `emoji-used:${me}`

export function frequentEmoji(most) {
  const history = used()
  if (history.some(isNamed)) loadSiteEmoji().catch(() => {})
  // One of the site's own may be gone.
  return mostUsed(history.filter((emoji) => !isNamed(emoji) || siteEmoji(emoji)), room.common_emoji, most)
}

export function noteUse(emoji) {
  storage.setItem(KEY, JSON.stringify(remember(used(), emoji)))
}

function used() {
  try {
    const stored = JSON.parse(storage.getItem(KEY) ?? "[]")
    return Array.isArray(stored) ? stored.filter((emoji) => typeof emoji === "string") : []
  } catch {
    return []
  }
}
