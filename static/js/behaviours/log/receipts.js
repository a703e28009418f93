import { connection } from "../../lib/connection/connection.js"
import { get } from "../../lib/connection/rest.js"
import { buildAvatar } from "../../lib/people/avatar.js"
import { messagePane } from "../../lib/room/message_pane.js"
import { room } from "../../lib/room/room.js"
import { Receipts } from "../../models/receipts.js"

// Faces at a message; of more people a number is left.
const MAX_FACES = 5

/** Shows in a small room, at the last message that each of the others has read, who they are. */
export function mount() {
  const receipts = new Receipts()
  let frame = null
  const schedule = () => {
    frame ??= requestAnimationFrame(() => {
      frame = null
      render(receipts)
    })
  }
  room.on("joined", (ack) => {
    receipts.reset(ack.receipts)
    schedule()
  })
  connection.on("receipt", (receipt) => {
    if (receipt.room !== room.slug) return
    receipts.apply(receipt)
    schedule()
  })
  connection.on("receipts-switched", async ({ show_receipts: shown }) => {
    receipts.reset(shown ? await load() : [])
    schedule()
  })
  room.on("member-left", ({ user }) => {
    receipts.remove(user.username)
    schedule()
  })
  for (const name of ["received", "loaded"]) messagePane.on(name, schedule)
}

/** The others' receipts of the room; none where they can't be had, until the next connection tells them. */
async function load() {
  try {
    return (await get(`/room/${encodeURIComponent(room.slug)}/receipt`)).results
  } catch {
    return []
  }
}

function render(receipts) {
  const rows = messagePane.list.rows()
  const places = rows.map(({ dataset }) => ({ seq: Number(dataset.seq), user: dataset.user }))
  const shown = receipts.place(places, { complete: messagePane.attached })
  for (const line of messagePane.list.element.querySelectorAll(".seen")) if (!shown.has(rows.indexOf(line.parentElement))) line.remove()
  for (const [index, people] of shown) showAt(rows[index], people)
}

function showAt(row, people) {
  const names = `Seen by ${people.map((person) => person.display_name).join(", ")}`
  const before = row.querySelector(":scope > .seen")
  if (before?.title === names) return
  const line = document.createElement("p")
  line.className = "seen"
  line.title = names
  line.dir = "auto"
  const words = document.createElement("span")
  words.className = "visually-hidden"
  words.textContent = names
  line.append(words, ...people.slice(0, MAX_FACES).map((person) => buildAvatar(person, { size: "tiny" })))
  if (people.length > MAX_FACES) line.append(more(people.length - MAX_FACES))
  if (before) before.replaceWith(line)
  else row.append(line)
}

function more(count) {
  const number = document.createElement("span")
  number.setAttribute("aria-hidden", "true")
  number.textContent = `+${count}`
  return number
}
