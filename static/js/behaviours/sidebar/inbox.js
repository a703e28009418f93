import { connection } from "../../lib/connection/connection.js"
import { get } from "../../lib/connection/rest.js"
import { part } from "../../lib/page/dom.js"
import { missed } from "../../lib/room/missed.js"
import { Told } from "../../models/told.js"

/** Keeps the inbox's unread count in step with the reader's other tabs and devices. */
export function mount(element) {
  const told = new Told()
  const show = ({ unread }) => {
    part(element, "count").textContent = unread
    part(element, "count").hidden = unread === 0
    part(element, "words").textContent = unread ? `, ${unread} unread` : ""
  }
  const tell = (data) => {
    told.note("inbox")
    show(data)
  }
  connection.on("notification", tell)
  connection.on("notification-read", tell)
  missed.on("inbox", () => {
    // Answers to questions of before count no more.
    told.note("inbox")
    const isNewer = told.since()
    get("/notification/read").then((answer) => isNewer("inbox") || show(answer), () => {})
  })
}
