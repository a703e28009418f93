import { COPIED_KEY, keptFor } from "../device/kept_data.js"
import { MAX_MESSAGES, roomCopies } from "../device/room_copies.js"
import { me } from "../page/me.js"
import { plainText } from "../page/plain_text.js"
import { storage } from "../page/storage.js"
import { get } from "./rest.js"

const MAX_ROOMS = 20
const PAUSE_MS = 250
// One request for the list, and one for each room in which something happened: at most 21 in this time, of one browser.
const LOOK_EVERY_MS = 900_000

const isDue = () => !(Math.abs(Date.now() - Number(storage.getItem(COPIED_KEY))) < LOOK_EVERY_MS)

/** Copies the person's nearest rooms, if that is due: in one tab, whichever comes first. */
export async function copyRooms() {
  if (!isDue() || navigator.connection?.saveData) return
  if (!navigator.locks) return copyOnce()
  await navigator.locks.request(`rooms-copied:${me}`, { ifAvailable: true }, (lock) => lock && isDue() && copyOnce())
}

async function copyOnce() {
  try {
    await copyAll()
  } catch (error) {
    // Whoever has just left the page asks again on the next one.
    if (error.code === "offline") return
  }
  if (keptFor() === me) storage.setItem(COPIED_KEY, Date.now())
}

async function copyAll() {
  const begun = await roomCopies.begin()
  if (!begun) return
  const copies = new Map((await roomCopies.all()).map((copy) => [copy.key, copy]))
  const { results: rooms } = await get("/room", { nearest: true, limit: MAX_ROOMS })
  for (const room of rooms) {
    const copy = copies.get(room.slug)
    const isThere = copy?.epoch === room.epoch && copy.head >= room.head
    const messages = isThere ? copy.messages : await messagesOf(room.slug)
    await roomCopies.keep(begun, { key: room.slug, name: room.name, kind: room.kind, epoch: room.epoch, head: isThere ? copy.head : room.head, messages })
  }
  await roomCopies.trim()
}

async function messagesOf(slug) {
  await new Promise((done) => setTimeout(done, PAUSE_MS))
  const { results } = await get("/message", { room: slug, limit: MAX_MESSAGES })
  return results.filter(({ deleted }) => !deleted).map(copyOf).reverse()
}

function copyOf({ sender, created_at: at, html, forwarded, files }) {
  const text = [plainText(html), forwarded && plainText(forwarded.html), ...files.map(({ name }) => name)].filter(Boolean).join("\n")
  return { name: sender.display_name, at, text }
}

/** Removes copies of rooms in which the person isn't any more. Those of the sidebar (`listed`) need no request. */
export async function dropLeftRooms(listed) {
  for (const slug of await roomCopies.slugs()) {
    if (!listed.has(slug) && !(await isMember(slug))) await roomCopies.remove(slug)
  }
}

async function isMember(slug) {
  try {
    return (await get(`/room/${slug}`)).role !== null
  } catch ({ code }) {
    return !["not_found", "forbidden"].includes(code)
  }
}
