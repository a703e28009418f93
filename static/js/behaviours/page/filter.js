import { part } from "../../lib/page/dom.js"
import { fold } from "../../models/fold.js"

/** Shows only the rows whose `data-words` contain what is typed, and those that are ticked. */
export function mount(element) {
  const query = part(element, "query")
  query.addEventListener("input", () => {
    const wanted = fold(query.value)
    for (const row of element.querySelectorAll("[data-words]")) {
      row.hidden = !fold(row.dataset.words).includes(wanted) && !row.querySelector(":checked")
    }
  })
  query.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault())
}
