import { setCookie } from "../../lib/page/dom.js"

/** Sets the theme (light, dark or the system's) at once, and for later pages by a cookie; the buttons' values name it. */
export function mount(form) {
  const buttons = [...form.querySelectorAll("button[value]")]
  form.addEventListener("submit", (event) => {
    if (!event.submitter?.value) return
    event.preventDefault()
    document.documentElement.dataset.theme = event.submitter.value
    setCookie("theme", event.submitter.value)
    for (const button of buttons) button.setAttribute("aria-pressed", String(button === event.submitter))
  })
}
