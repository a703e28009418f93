import { connection } from "../../lib/connection/connection.js"
import { get } from "../../lib/connection/rest.js"
import { part } from "../../lib/page/dom.js"
import { missed } from "../../lib/room/missed.js"

/** Keeps the inbox's unread count in step with the reader's other tabs and devices. */
export function mount(element) {
  const show = ({ unread }) => {
    part(element, "count").textContent = unread
    part(element, "count").hidden = unread === 0
    part(element, "words").textContent = unread ? `, ${unread} unread` : ""
  }
  connection.on("notification", show)
  connection.on("notification-read", show)
  missed.on("inbox", () => get("/notification/read").then(show, () => {}))
}
