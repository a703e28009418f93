import { connection } from "../../lib/connection/connection.js"

// A page that navigates, or a server that restarts, is online again before a notice could be read.
const SHOW_DELAY_MS = 1500
const BACK_ONLINE_MS = 2500

/** Shows a quiet line while the connection is lost, and for a moment when it is back. */
export function mount(element) {
  let timer = null
  let shown = false

  const show = (words, back = false) => {
    element.textContent = words
    element.hidden = !words
    element.classList.toggle("back", back)
  }
  const schedule = (action, after) => {
    clearTimeout(timer)
    timer = setTimeout(action, after)
  }

  connection.on("offline", () =>
    schedule(() => {
      shown = true
      show("No connection. What you send waits here and goes out when it is back.")
    }, SHOW_DELAY_MS),
  )
  connection.on("online", () => {
    clearTimeout(timer)
    if (!shown) return
    shown = false
    show("Back online.", true)
    schedule(() => show(""), BACK_ONLINE_MS)
  })
}
