/** Asks in a dialog, and resolves to whether the answer was yes. `yes` is the button's word, `danger` its look. */
export function ask({ question, detail, yes = "Yes", danger = true }) {
  const dialog = buildDialog(question, detail, buildButton(yes, "yes", danger ? "button danger" : "button primary"))
  document.body.append(dialog)
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove()
      resolve(dialog.returnValue === "yes")
    })
    dialog.showModal()
  })
}

function buildDialog(question, detail, yes) {
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
  buttons.append(buildButton("Cancel", "", "button"), yes)
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
