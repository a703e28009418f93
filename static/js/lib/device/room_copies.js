import { me } from "../page/me.js"
import { database } from "./database.js"
import { guarded, keptFor } from "./kept_data.js"

const MAX_ROOMS = 30
export const MAX_MESSAGES = 50
const MAX_CHARACTERS = 2000
// Rooms that the person left, or was removed from, while this page was open.
const gone = new Set()

/**
 * Copies of rooms for the page without a connection: {key (the slug), name, kind, epoch, head, at, messages}, of which each is
 * {name, at, text}. Of no other person than who has this browser, and of none of whom it was wiped meanwhile.
 */
export const roomCopies = {
  slugs: () => database.keys("rooms", me),
  all: () => database.all("rooms", me),

  /** Resolves with what `keep` wants; null where nothing is to be kept. Ask before what is to be kept is asked for. */
  async begin() {
    await guarded()
    const wipe = await database.lastWipe("rooms")
    return keptFor() === me ? { wipe } : null
  },

  async keep({ wipe }, copy) {
    if (gone.has(copy.key) || keptFor() !== me) return
    const messages = copy.messages.slice(-MAX_MESSAGES).map((message) => ({ ...message, text: message.text.slice(0, MAX_CHARACTERS) }))
    await database.putUnlessWiped("rooms", { ...copy, owner: me, messages, at: Date.now() }, wipe)
  },

  /** Removes the oldest copies beyond MAX_ROOMS. */
  async trim() {
    if ((await roomCopies.slugs()).length <= MAX_ROOMS) return
    const copies = await roomCopies.all()
    copies.sort((one, other) => other.at - one.at)
    for (const { key } of copies.slice(MAX_ROOMS)) await database.remove("rooms", me, key)
  },

  remove: (slug) => database.remove("rooms", me, slug).catch(() => {}),
  forget(slug) {
    gone.add(slug)
    return roomCopies.remove(slug)
  },
  allow: (slug) => gone.delete(slug),
}
