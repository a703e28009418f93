/** Asks before a form is submitted whose act can't be undone: data-question, data-detail, data-yes. */
export function mount(form) {
  let confirmed = false
  form.addEventListener("submit", (event) => {
    if (confirmed) return
    event.preventDefault()
    const dialog = buildDialog(form.dataset)
    document.body.append(dialog)
    dialog.addEventListener("close", () => {
      confirmed = dialog.returnValue === "yes"
      dialog.remove()
      if (confirmed) form.requestSubmit(event.submitter)
    })
    dialog.showModal()
  })
}

function buildDialog({ question, detail, yes }) {
  const dialog = document.createElement("dialog")
  dialog.className = "dialog"
  const form = document.createElement("form")
  form.method = "dialog"
  const title = document.createElement("h2")
  title.textContent = question
  title.id = "question"
  dialog.setAttribute("aria-labelledby", title.id)
  form.append(title)
  if (detail) {
    const paragraph = document.createElement("p")
    paragraph.className = "muted"
    paragraph.textContent = detail
    form.append(paragraph)
  }
  const buttons = document.createElement("div")
  buttons.className = "row dialog-buttons"
  buttons.append(buildButton("Cancel", "", "button"), buildButton(yes ?? "Yes", "yes", "button danger"))
  form.append(buttons)
  dialog.append(form)
  return dialog
}

function buildButton(label, value, className) {
  const button = document.createElement("button")
  button.className = className
  button.value = value
  button.textContent = label
  return button
}
