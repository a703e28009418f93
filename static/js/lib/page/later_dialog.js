import { fieldValue, offers } from "../../models/later.js"
import { part } from "./dom.js"

/** Asks in the page's dialog for a time: one of those offered by their names, or one's own. Resolves with null if it is closed. */
export function askTime(title, names) {
  const dialog = document.getElementById("later-dialog")
  const [form, field, error] = [dialog.querySelector("form"), part(dialog, "at"), part(dialog, "error")]
  const offered = offers(names)
  part(dialog, "title").textContent = title
  part(dialog, "offers").replaceChildren(...offered.map(({ label }) => buildOffer(label)))
  field.value = fieldValue(offered.at(-1).at)
  error.hidden = true
  const ending = new AbortController()
  const { signal } = ending
  return new Promise((resolve) => {
    const end = (moment) => {
      resolve(moment)
      dialog.close()
    }
    part(dialog, "offers").addEventListener("click", (event) => {
      const index = [...part(dialog, "offers").children].indexOf(event.target.closest("button"))
      if (index >= 0) end(offered[index].at)
    }, { signal })
    form.addEventListener("submit", (event) => {
      event.preventDefault()
      const moment = new Date(field.value)
      if (moment > new Date()) return end(moment)
      error.textContent = "Choose a time that is still to come."
      error.hidden = false
    }, { signal })
    part(dialog, "cancel").addEventListener("click", () => dialog.close(), { signal })
    dialog.addEventListener("close", () => {
      resolve(null)
      ending.abort()
    }, { signal })
    dialog.showModal()
  })
}

/** A moment as the server takes it, with the zone in which it was chosen. */
export function timeFields(name, moment) {
  return { [name]: moment.toISOString(), time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone }
}

function buildOffer(label) {
  const button = document.createElement("button")
  button.className = "button"
  button.type = "button"
  button.textContent = label
  return button
}
