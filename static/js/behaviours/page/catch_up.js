import { connection } from "../../lib/connection/connection.js"
import { get } from "../../lib/connection/rest.js"
import { toast } from "../../lib/page/toast.js"
import { singleKeys } from "../../lib/page/single_keys.js"
import { isTyping } from "../../lib/page/typing_target.js"
import { missed } from "../../lib/room/missed.js"

/**
 * The page of what is unread, room by room: j and k go to the next and the previous room, e marks it read, Enter opens it.
 * Who switched single keys off has buttons and links for the same. A room goes from the page when it has been read, on whatever device.
 */
export function mount(element) {
  const rooms = () => [...element.querySelectorAll("[data-room]")]
  const current = () => document.activeElement.closest("[data-room]")
  const move = (step) => {
    const all = rooms()
    const next = all[current() ? all.indexOf(current()) + step : 0]
    next?.focus()
    next?.scrollIntoView({ block: "start" })
  }
  const remove = (section) => {
    const all = rooms()
    const next = all[all.indexOf(section) + 1] ?? all[all.indexOf(section) - 1]
    // The server has what stands on a page without rooms, and those that didn't fit.
    if (!next) return location.reload()
    if (section.contains(document.activeElement)) next.focus()
    section.remove()
  }
  const markRead = async (section) => {
    const { room, head } = section.dataset
    try {
      await connection.request("read", { room, seq: Number(head) })
      toast(`${section.querySelector("h2").textContent.trim()}: marked read`)
      remove(section)
    } catch (error) {
      toast(`Not marked read: ${error.detail}`)
    }
  }
  const acts = {
    j: () => move(1),
    k: () => move(-1),
    e: () => current() && markRead(current()),
    enter: () => location.assign(current().querySelector("h2 a").href),
  }
  if (singleKeys) addEventListener("keydown", (event) => {
    const key = event.key.toLowerCase()
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event) || document.querySelector("dialog[open]")) return
    // Enter on a link or a button is that link's or button's.
    if (!Object.hasOwn(acts, key) || (key === "enter" && !event.target.matches("[data-room]"))) return
    event.preventDefault()
    acts[key]()
  })
  element.addEventListener("submit", (event) => {
    event.preventDefault()
    markRead(event.target.closest("[data-room]"))
  })
  connection.on("membership-updated", ({ room, unread }) => {
    const section = unread === 0 && rooms().find(({ dataset }) => dataset.room === room)
    if (section) remove(section)
  })
  const removeRead = ({ results }) => {
    const unread = new Set(results.filter((info) => info.unread).map((info) => info.slug))
    for (const section of rooms()) if (!unread.has(section.dataset.room)) remove(section)
  }
  missed.on("rooms", () => get("/room", { nearest: true }).then(removeRead, () => {}))
}
