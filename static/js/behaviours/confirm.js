/** Asks before a form does what can't be taken back: data-question, data-detail, data-yes. */
export function mount(form) {
  let sure = false
  form.addEventListener("submit", (event) => {
    if (sure) return
    event.preventDefault()
    const dialog = question(form.dataset)
    document.body.append(dialog)
    dialog.addEventListener("close", () => {
      sure = dialog.returnValue === "yes"
      dialog.remove()
      if (sure) form.requestSubmit(event.submitter)
    })
    dialog.showModal()
  })
}

function question({ question: words, detail, yes }) {
  const dialog = document.createElement("dialog")
  dialog.className = "dialog"
  const form = document.createElement("form")
  form.method = "dialog"
  const title = document.createElement("h2")
  title.textContent = words
  title.id = "question"
  dialog.setAttribute("aria-labelledby", title.id)
  form.append(title)
  if (detail) {
    const more = document.createElement("p")
    more.className = "muted"
    more.textContent = detail
    form.append(more)
  }
  const buttons = document.createElement("div")
  buttons.className = "row dialog-buttons"
  buttons.append(button("Cancel", "", "button"), button(yes ?? "Yes", "yes", "button danger"))
  form.append(buttons)
  dialog.append(form)
  return dialog
}

function button(words, value, look) {
  const element = document.createElement("button")
  element.className = look
  element.value = value
  element.textContent = words
  return element
}
