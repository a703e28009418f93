import { cookie } from "../lib/dom.js"

/** Light, dark or the system's: at once, and by a cookie on the next pages. Buttons carry the name as their value. */
export function mount(form) {
  const buttons = [...form.querySelectorAll("button[value]")]
  form.addEventListener("submit", (event) => {
    if (!event.submitter?.value) return
    event.preventDefault()
    document.documentElement.dataset.theme = event.submitter.value
    cookie("theme", event.submitter.value)
    for (const button of buttons) button.setAttribute("aria-pressed", String(button === event.submitter))
  })
}
