import { part } from "../../lib/page/dom.js"
import { toast } from "../../lib/page/toast.js"
import { adoptPicker, choosesEmoji } from "../../lib/people/status_emoji.js"

/** Opens the form of one's own status in a dialog; without scripts the link leads to its page. */
export function mount(link) {
  link.addEventListener("click", async (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return
    event.preventDefault()
    const shown = document.querySelector(".status-form [name=text]")
    if (shown) return shown.focus()
    const form = await formOf(fetch(link.href)).catch(() => null)
    if (form) openDialog(form)
    else location.assign(link.href)
  })
}

function openDialog(form) {
  const dialog = document.createElement("dialog")
  dialog.className = "dialog"
  const title = document.createElement("h2")
  title.textContent = "Your status"
  title.id = "status-title"
  dialog.setAttribute("aria-labelledby", title.id)
  const close = document.createElement("button")
  close.type = "button"
  close.className = "button"
  close.textContent = "Cancel"
  close.addEventListener("click", () => dialog.close())
  dialog.append(title)
  dialog.addEventListener("close", () => dialog.remove())
  show(dialog, form, close)
  document.body.append(dialog)
  dialog.showModal()
}

function show(dialog, form, close) {
  dialog.querySelector("form")?.remove()
  form.querySelector("[type=submit], .primary").before(close)
  choosesEmoji(part(form, "choose"))
  form.addEventListener("submit", (event) => {
    event.preventDefault()
    save(dialog, form, close)
  })
  dialog.append(form)
}

async function save(dialog, form, close) {
  try {
    const response = await fetch(form.action, { method: "POST", body: new FormData(form) })
    if (response.redirected) dialog.close()
    else show(dialog, await formOf(response), close)
  } catch {
    toast("Not saved. There is no connection.")
  }
}

/** The form in the page of an answer. */
async function formOf(answer) {
  const page = new DOMParser().parseFromString(await (await answer).text(), "text/html")
  adoptPicker(page)
  return document.importNode(page.querySelector(".status-form"), true)
}
