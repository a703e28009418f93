import { connection } from "../../lib/connection/connection.js"
import { roomCopies } from "../../lib/device/room_copies.js"
import { hasWorker } from "../../lib/page/service_worker.js"

const DELAY_MS = 2000
const MAX_WAIT_MS = 10_000
const LOOK_EVERY_MS = 300_000

/** Keeps the last messages of the reader's rooms in this browser, when it has nothing else to do, and of no others. */
export function mount(sidebar) {
  if (!hasWorker) return
  const listed = () => new Set([...sidebar.querySelectorAll(".side-row[data-room]")].map(({ dataset }) => dataset.room))
  const whenIdle = globalThis.requestIdleCallback ?? ((act) => act())
  let timer = null
  const look = async () => {
    timer = setTimeout(soon, LOOK_EVERY_MS)
    if (connection.status !== "online") return
    const { copyRooms, dropLeftRooms } = await import("../../lib/connection/offline_rooms.js")
    await dropLeftRooms(listed())
    await copyRooms()
  }
  const soon = () => whenIdle(() => look().catch(() => {}), { timeout: MAX_WAIT_MS })
  connection.on("online", () => {
    clearTimeout(timer)
    // The sidebar is refreshed first where the connection was lost.
    timer = setTimeout(soon, DELAY_MS)
  })
  connection.on("room-added", ({ slug }) => roomCopies.allow(slug))
  connection.on("room-removed", ({ room }) => roomCopies.forget(room))
}
