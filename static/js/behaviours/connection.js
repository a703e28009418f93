import { live } from "../lib/live.js"

// A page that moves on, or a server that restarts, is back before anybody needs to read about it.
const QUIET_MS = 1500
const BACK_MS = 2500

/** A quiet line while the connection is lost, and when it is back. */
export function mount(element) {
  let timer = null
  let told = false

  const show = (words, back = false) => {
    element.textContent = words
    element.hidden = !words
    element.classList.toggle("back", back)
  }
  const later = (action, after) => {
    clearTimeout(timer)
    timer = setTimeout(action, after)
  }

  live.on("offline", () =>
    later(() => {
      told = true
      show("No connection. What you send waits here and goes out when it is back.")
    }, QUIET_MS),
  )
  live.on("online", () => {
    clearTimeout(timer)
    if (!told) return
    told = false
    show("Back online.", true)
    later(() => show(""), BACK_MS)
  })
}
