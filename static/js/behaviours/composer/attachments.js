import { uploadEvents } from "../../lib/connection/uploads.js"
import { part } from "../../lib/page/dom.js"
import { withModule } from "../../lib/page/later.js"
import { toast } from "../../lib/page/toast.js"
import { announce } from "../../lib/room/announce.js"
import { attachments } from "../../lib/room/attachments.js"
import { room } from "../../lib/room/room.js"
import { renderTiles } from "../../lib/room/upload_tiles.js"

/** Attaches files to the next message: by the paperclip, by a drop on the room, and out of the clipboard. */
export function mount(tray) {
  const form = tray.closest("form")
  const render = () => renderTiles(tray, attachments.keys, (key) => attachments.remove(key))
  attachments.on("changed", render)
  uploadEvents.on("changed", ({ key, name, state, error }) => {
    if (!attachments.keys.includes(key)) return
    render()
    if (state === "failed") announce(`${name} was not sent: ${error.detail}`)
  })
  render()

  const input = part(form, "files")
  part(form, "attach").addEventListener("click", () => input.click())
  input.addEventListener("change", () => {
    attach(form, [...input.files])
    input.value = ""
  })
  part(form, "text").addEventListener("paste", (event) => onPaste(event, form))
  takeDrops(document.getElementById("main"), (files) => attach(form, files))
  if (new URLSearchParams(location.search).has("shared")) takeShared(form)
}

/** Takes the files that another program shares. */
async function takeShared(form) {
  const { takeSharedFiles } = await import("../../lib/device/shared_files.js")
  attach(form, await takeSharedFiles())
}

function attach(form, files) {
  if (!files.length) return
  const left = attachments.add(files)
  if (left) toast(`A message has at most ${room.uploads.count} files: ${left} left out`)
  part(form, "text").focus({ preventScroll: true })
}

/** Takes files of the clipboard. Beside a text, as office programs copy it, there is a picture of that text, which nobody wants. */
function onPaste(event, form) {
  const { clipboardData: clipboard } = event
  const files = [...clipboard.files]
  const text = clipboard.getData("text/plain").trim()
  if (text && !areNames(text, files)) {
    const rtf = clipboard.getData("text/rtf")
    if (rtf) withModule(() => import("../../models/rtf_pictures.js"), ({ picturesIn }) => attach(form, picturesIn(rtf).map(asFile)))
  } else if (files.length) {
    event.preventDefault()
    attach(form, files)
  }
}

function asFile({ type, bytes }, place) {
  return new File([bytes], `picture-${place + 1}.${type.slice(6).replace("jpeg", "jpg")}`, { type })
}

/** Whether a text is no more than the names of the files that were copied. */
function areNames(text, files) {
  const names = new Set(files.map(({ name }) => name))
  return files.length > 0 && text.split(/[\r\n]+/).every((line) => names.has(line.trim().replace(/^.*[/\\]/, "")))
}

function takeDrops(element, take) {
  const target = part(element, "drop-target")
  const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files")
  // Entering a child comes before leaving its parent.
  let depth = 0
  const show = (step) => {
    depth = step ? Math.max(depth + step, 0) : 0
    target.hidden = depth === 0
  }
  element.addEventListener("dragenter", (event) => hasFiles(event) && show(1))
  element.addEventListener("dragleave", (event) => hasFiles(event) && show(-1))
  element.addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return
    event.preventDefault()
    event.dataTransfer.dropEffect = "copy"
  })
  element.addEventListener("drop", (event) => {
    if (!hasFiles(event)) return
    event.preventDefault()
    show(0)
    take(droppedFiles(event.dataTransfer))
  })
  // Beside the target a browser would leave the page for the file.
  for (const name of ["dragover", "drop"]) document.addEventListener(name, (event) => hasFiles(event) && event.preventDefault())
}

function droppedFiles({ items, files }) {
  const folders = [...items].filter((item) => item.webkitGetAsEntry?.()?.isDirectory).length
  if (!folders) return [...files]
  toast("A folder can't be attached")
  return [...items].filter((item) => item.kind === "file" && !item.webkitGetAsEntry?.()?.isDirectory).map((item) => item.getAsFile())
}
