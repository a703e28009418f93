import { connection } from "../../lib/connection/connection.js"
import { fetchDocument } from "../../lib/connection/fetch_document.js"
import { part } from "../../lib/page/dom.js"

const GATHER_MS = 300
// More than a page shows.
const MAX_READ = 1000

/** Keeps the list of the inbox as it is: marks what was read elsewhere, and shows what is new on its first page. */
export function mount(element) {
  let [timer, asking, read] = [null, null, []]
  // A request at a time, as answers may come in another order; an answer may lack notifications that were read meanwhile.
  const ask = async () => {
    read = []
    await replaceRows(element)
    read.forEach((id) => markRead(element, id))
  }
  const refresh = () => (timer ??= setTimeout(async () => {
    await asking
    timer = null
    asking = ask().catch(console.error)
  }, GATHER_MS))
  connection.on("notification-read", ({ ids }) => {
    read = read.concat(ids).slice(-MAX_READ)
    ids.forEach((id) => markRead(element, id))
  })
  if ("first" in element.dataset) {
    connection.on("notification", refresh)
    // What was told before this page listened, and while there was no connection, nobody tells again.
    connection.on("online", refresh)
    if (connection.status === "online") refresh()
  }
  element.addEventListener("click", (event) => event.target.closest(".inbox-link") && sendRead(event.target.closest(".inbox-row")))
}

function markRead(element, id) {
  const row = element.querySelector(`.inbox-row[data-id="${id}"]`)
  row?.classList.remove("unread")
  row?.querySelector(".inbox-act").setAttribute("hidden", "")
}

/** Marks a row whose message is opened: a reaction to an old message isn't read by reading the room. */
function sendRead(row) {
  if (!row.classList.contains("unread")) return
  const form = row.querySelector("form")
  const data = new FormData(form)
  data.set("id", row.dataset.id)
  fetch(form.getAttribute("action"), { method: "POST", body: new URLSearchParams(data), keepalive: true, redirect: "manual" }).catch(() => {})
}

/** Takes the rows of the page as the server has it now; the focus stays where it was. */
async function replaceRows(element) {
  const page = await fetchDocument(location.href)
  const rows = page?.querySelector("[data-behaviour='page/inbox']")
  if (!rows) return
  const focused = element.contains(document.activeElement) && document.activeElement.closest(".inbox-row")?.dataset.id
  element.replaceChildren(...rows.childNodes)
  document.querySelector("[data-inbox-all]").hidden = !element.querySelector(".inbox-row")
  if (focused) part(element, "rows").querySelector(`[data-id="${focused}"] .inbox-link`)?.focus()
}
