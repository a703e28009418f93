import { cloneTemplate, part } from "../page/dom.js"
import { insertPart } from "./message_parts.js"
import { room } from "./room.js"

const template = document.getElementById("link-previews-template")
/** Whether the reader may remove any in this room: its page has the form for it. */
const canRemove = Boolean(document.getElementById("link-preview-form"))

/** Shows the previews of a message's links in its row. Those that are there stay: a preview never changes. */
export function fillLinkPreviews(row, { previews, deleted }) {
  const shown = room.show_previews && !deleted ? (previews ?? []) : []
  const box = part(row, "link-previews") ?? (shown.length ? addBox(row) : null)
  if (!box) return
  const known = new Map([...box.children].map((element) => [Number(element.dataset.preview), element]))
  const focused = box.contains(document.activeElement) ? document.activeElement : null
  box.replaceChildren(...shown.map((preview) => known.get(preview.id) ?? build(row, preview)))
  if (focused) (focused.isConnected ? focused : row).focus({ preventScroll: true })
  if (!shown.length) box.remove()
}

function addBox(row) {
  const box = cloneTemplate(template)
  box.replaceChildren()
  insertPart(row, "link-previews", box)
  return box
}

function build(row, { id, url, host, title, description, picture }) {
  const element = cloneTemplate(template).firstElementChild
  element.dataset.preview = id
  part(element, "page").href = url
  part(element, "host").textContent = host
  part(element, "title").textContent = title
  part(element, "description").textContent = description
  part(element, "description").hidden = !description
  fillPicture(part(element, "picture"), picture)
  if (canRemove && (row.dataset.user === room.me.username || room.moderates)) {
    part(element, "remove").formAction = `${part(row, "link").getAttribute("href")}/preview/${id}`
  } else part(element, "remove").remove()
  return element
}

function fillPicture(image, picture) {
  if (!picture) return image.remove()
  image.width = picture.width
  image.height = picture.height
  image.src = picture.url
}
