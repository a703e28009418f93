import { connection } from "../../lib/connection/connection.js"
import { get } from "../../lib/connection/rest.js"
import { part } from "../../lib/page/dom.js"

/** Keeps the inbox's unread count in step with the reader's other tabs and devices. */
export function mount(element) {
  let stale = false
  const show = ({ unread }) => {
    part(element, "count").textContent = unread
    part(element, "count").hidden = unread === 0
    part(element, "words").textContent = unread ? `, ${unread} unread` : ""
  }
  connection.on("notification", show)
  connection.on("notification-read", show)
  connection.on("online", () => {
    // What was told while there was no connection, nobody tells again.
    if (stale) get("/notification/read").then(show, () => {})
    stale = true
  })
}
