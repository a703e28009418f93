import { part } from "../lib/dom.js"
import { plain } from "../models/jump.js"

/** Shows only the rows whose words hold what is typed. */
export function mount(element) {
  const query = part(element, "query")
  query.addEventListener("input", () => {
    const wanted = plain(query.value.trim())
    for (const row of element.querySelectorAll("[data-words]")) {
      row.hidden = !plain(row.dataset.words).includes(wanted) && !row.querySelector(":checked")
    }
  })
  query.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault())
}
