import { copyOf, part } from "../lib/dom.js"
import { live } from "../lib/live.js"
import { link } from "../lib/message_view.js"
import { room } from "../lib/room.js"
import { talk } from "../lib/talk.js"
import { toast } from "../lib/toast.js"

const PRESS_MS = 450

/** One toolbar that goes to the message that is pointed at, focused or pressed long. */
export function mount(element) {
  const bar = copyOf(document.getElementById("actions-template"))

  const show = (row) => {
    if (!row?.dataset.id || row.classList.contains("deleted")) return hide()
    if (bar.parentElement === row) return
    hide()
    button(bar, "edit").hidden = !mine(row) || !document.getElementById("composer")
    button(bar, "delete").hidden = !mine(row) && !room.moderates
    bar.classList.toggle("inside", row.getBoundingClientRect().top - 20 < element.getBoundingClientRect().top)
    row.append(bar)
  }
  const hide = () => {
    bar.parentElement?.classList.remove("pointed")
    bar.remove()
  }

  element.addEventListener("pointerover", (event) => event.pointerType === "mouse" && show(event.target.closest(".message")))
  element.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && !element.contains(document.activeElement) && hide())
  element.addEventListener("focusin", (event) => show(event.target.closest(".message")))
  onLongPress(element, (row) => {
    show(row)
    row.classList.add("pointed")
  })
  document.addEventListener("pointerdown", (event) => event.pointerType === "touch" && !bar.contains(event.target) && hide())
  bar.addEventListener("click", (event) => {
    const action = event.target.closest("[data-action]")?.dataset.action
    if (action) ACTIONS[action](bar.parentElement)
  })
}

const button = (bar, action) => bar.querySelector(`[data-action="${action}"]`)
const mine = (row) => row.dataset.user === room.me.username

const ACTIONS = {
  reply: (row) => talk.emit("reply", row),
  edit: (row) => talk.emit("edit", row),
  async copy(row) {
    const address = new URL(link(room.slug, row.dataset.id), location.origin).href
    try {
      await navigator.clipboard.writeText(address)
      toast("Link copied")
    } catch {
      toast(address)
    }
  },
  delete: (row) => askAndDelete(row),
}

function askAndDelete(row) {
  const dialog = document.getElementById("delete-dialog")
  part(dialog, "quote").textContent = part(row, "body").innerText.trim().slice(0, 300)
  dialog.returnValue = ""
  dialog.addEventListener("close", () => dialog.returnValue === "delete" && remove(row), { once: true })
  dialog.showModal()
}

async function remove(row) {
  try {
    await live.request("delete-message", { id: Number(row.dataset.id) })
  } catch (error) {
    toast(`Not deleted: ${error.detail}`)
  }
}

function onLongPress(element, action) {
  let timer = null
  const stop = () => clearTimeout(timer)
  element.addEventListener("pointerdown", (event) => {
    const row = event.target.closest(".message")
    if (event.pointerType !== "touch" || !row || event.target.closest(".actions")) return
    timer = setTimeout(() => action(row), PRESS_MS)
  })
  for (const end of ["pointerup", "pointercancel", "scroll"]) element.addEventListener(end, stop, { passive: true })
  element.addEventListener("contextmenu", (event) => matchMedia("(pointer: coarse)").matches && event.target.closest(".message") && !event.target.closest("a") && event.preventDefault())
}
