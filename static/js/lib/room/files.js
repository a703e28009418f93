import { fileViews } from "../../models/file_views.js"
import { cloneTemplate, part } from "../page/dom.js"
import { insertPart } from "./message_parts.js"

const template = document.getElementById("files-template")

/** Shows a message's files below its text, out of the server's own markup in <template>; what is shown already stays. */
export function fillFiles(row, message) {
  const shown = part(row, "files")
  const views = message.deleted ? null : fileViews(message.files)
  if (shown?.dataset.ids === views?.ids) return
  shown?.remove()
  if (views) insertPart(row, "files", buildFiles(views))
}

/** The name of a row's first file, which stands for a message without text. */
export function firstNameIn(row) {
  return row.querySelector(".picture")?.dataset.name ?? row.querySelector(".files [data-part=name]")?.textContent ?? ""
}

function buildFiles(views) {
  const files = cloneTemplate(template)
  files.dataset.ids = views.ids
  const grid = part(files, "pictures")
  const blankPicture = part(grid, "picture")
  const blanks = new Map([...files.querySelectorAll("[data-form]")].map((blank) => [blank.dataset.form, blank]))
  grid.dataset.shape = views.shape
  grid.replaceChildren(...views.pictures.map((view) => buildPicture(blankPicture, view)))
  files.replaceChildren(...(views.pictures.length ? [grid] : []), ...views.others.map((view) => buildOther(blanks.get(view.form), view)))
  return files
}

function buildPicture(blank, view) {
  const picture = blank.cloneNode(true)
  picture.href = view.url
  Object.assign(picture.dataset, { large: view.large, name: view.name, alt: view.alt, note: view.note })
  const [blur, image] = [part(picture, "blur"), part(picture, "image")]
  resize(part(picture, "box"), view)
  blur.hidden = !view.placeholder
  if (view.placeholder) blur.src = view.placeholder
  image.alt = view.label
  resize(image, view)
  if (view.srcset) Object.assign(image, { sizes: view.sizes, srcset: view.srcset })
  image.src = view.small
  if (!view.animated) {
    delete picture.dataset.animated
    part(picture, "play").remove()
  }
  fillMore(picture, view.more)
  return picture
}

function resize(element, { width, height }) {
  element.setAttribute("width", width)
  element.setAttribute("height", height)
  if (element.matches("svg")) element.setAttribute("viewBox", `0 0 ${width} ${height}`)
}

function fillMore(picture, more) {
  if (more <= 0) return part(picture, "more").remove()
  const [seen, said] = part(picture, "more").children
  seen.textContent = `+${more}`
  said.textContent = ` and ${more} more`
}

function buildOther(blank, view) {
  const element = blank.cloneNode(true)
  part(element, "name").textContent = view.name
  part(element, "note").textContent = view.note
  const link = element.matches("a") ? element : part(element, "name")
  link.href = view.url
  link.download = view.name
  if (view.form === "card") part(element, "mark").textContent = view.mark
  // eslint-disable-next-line no-restricted-syntax -- the server's own rendering of a file's first lines, which it escaped
  if (view.form === "text") part(element, "excerpt").innerHTML = view.excerpt
  if (part(element, "media")) fillMedia(part(element, "media"), view)
  return element
}

function fillMedia(media, view) {
  media.setAttribute("aria-label", view.name)
  media.src = view.url
  if (!media.matches("video")) return
  resize(media, view)
  resize(media.previousElementSibling, view)
  if (view.poster) media.poster = view.poster
}
