import { connection } from "../../lib/connection/connection.js"
import { cloneTemplate, part } from "../../lib/page/dom.js"
import { showPart } from "../../lib/page/part_dialog.js"
import { toast } from "../../lib/page/toast.js"
import { messagePane } from "../../lib/room/message_pane.js"
import { permalink, textOf } from "../../lib/room/message_view.js"
import { canReact } from "../../lib/room/reactions.js"
import { room } from "../../lib/room/room.js"

const LONG_PRESS_MS = 450

/** Moves one toolbar to the message under the pointer, with the focus, or under a long press. */
export function mount(element) {
  const toolbar = cloneTemplate(document.getElementById("actions-template"))

  const show = (row) => {
    if (!row?.dataset.id || row.classList.contains("deleted")) return hide()
    if (toolbar.parentElement === row) return
    hide()
    button(toolbar, "react").hidden = !canReact
    button(toolbar, "edit").hidden = !isOwn(row) || !document.getElementById("composer")
    button(toolbar, "delete").hidden = !isOwn(row) && !room.moderates
    toolbar.classList.remove("inside")
    row.append(toolbar)
    toolbar.classList.toggle("inside", toolbar.getBoundingClientRect().top < element.getBoundingClientRect().top)
  }
  const hide = () => {
    toolbar.parentElement?.classList.remove("pointed")
    toolbar.remove()
  }

  element.addEventListener("pointerover", (event) => event.pointerType === "mouse" && show(event.target.closest(".message")))
  element.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && !element.contains(document.activeElement) && hide())
  element.addEventListener("focusin", (event) => show(event.target.closest(".message")))
  onLongPress(element, (row) => {
    show(row)
    row.classList.add("pointed")
  })
  document.addEventListener("pointerdown", (event) => event.pointerType === "touch" && !toolbar.contains(event.target) && hide())
  toolbar.addEventListener("click", (event) => {
    const action = event.target.closest("[data-action]")?.dataset.action
    if (action) ACTIONS[action](toolbar.parentElement)
  })
}

const button = (toolbar, action) => toolbar.querySelector(`[data-action="${action}"]`)
const isOwn = (row) => row.dataset.user === room.me.username

const ACTIONS = {
  react: (row) => messagePane.emit("react", row),
  reply: (row) => messagePane.emit("reply", row),
  forward: (row) => messagePane.emit("forward", row),
  remind: (row) => messagePane.emit("remind", row),
  edit: (row) => messagePane.emit("edit", row),
  unread: (row) => messagePane.emit("mark-unread", row),
  async copy(row) {
    const address = new URL(permalink(room.slug, row.dataset.id), location.origin).href
    try {
      await navigator.clipboard.writeText(address)
      toast("Link copied")
    } catch {
      toast(address)
    }
  },
  why: (row) => showPart(document.getElementById("why-dialog"), `${permalink(room.slug, row.dataset.id)}/why`),
  delete: (row) => confirmDeletion(row),
}

function confirmDeletion(row) {
  const dialog = document.getElementById("delete-dialog")
  part(dialog, "quote").textContent = textOf(row).slice(0, 300)
  dialog.returnValue = ""
  dialog.addEventListener("close", () => dialog.returnValue === "delete" && deleteMessage(row), { once: true })
  dialog.showModal()
}

async function deleteMessage(row) {
  try {
    await connection.request("delete-message", { id: Number(row.dataset.id) })
  } catch (error) {
    toast(`Not deleted: ${error.detail}`)
  }
}

function onLongPress(element, action) {
  let timer = null
  const cancel = () => clearTimeout(timer)
  element.addEventListener("pointerdown", (event) => {
    const row = event.target.closest(".message")
    if (event.pointerType !== "touch" || !row || event.target.closest(".actions, .palette, .reaction, video, audio")) return
    timer = setTimeout(() => action(row), LONG_PRESS_MS)
  })
  for (const name of ["pointerup", "pointercancel", "scroll"]) element.addEventListener(name, cancel, { passive: true })
  element.addEventListener("contextmenu", (event) => matchMedia("(pointer: coarse)").matches && event.target.closest(".message") && !event.target.closest("a") && event.preventDefault())
}
