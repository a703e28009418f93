import { ask } from "../../lib/page/question.js"

/** Asks before a form is submitted whose act can't be undone: data-question, data-detail, data-yes. */
export function mount(form) {
  let confirmed = false
  form.addEventListener("submit", async (event) => {
    if (confirmed) return
    event.preventDefault()
    const { submitter } = event
    confirmed = await ask(form.dataset)
    if (confirmed) form.requestSubmit(submitter)
  })
}
