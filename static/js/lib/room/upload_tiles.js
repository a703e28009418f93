import { markOf, sizeInWords } from "../../models/file_views.js"
import { uploads } from "../connection/uploads.js"
import { cloneTemplate, part } from "../page/dom.js"

const THUMB_WIDTH = 200
const THUMB_HEIGHT = 112
const PICTURE = /^image\/(?!svg)/

/**
 * Shows uploads, by their keys, as tiles of a list: a small picture or the kind, the progress, what is the matter. `remove`
 * is called with the key of one that is taken away.
 */
export function renderTiles(list, keys, remove) {
  const tiles = new Map([...list.children].map((tile) => [tile.dataset.key, tile]))
  const shown = keys.map((key) => uploads.find(key)).filter(Boolean)
  for (const [key, tile] of tiles) if (!shown.some((upload) => upload.key === key)) removeTile(list, tile)
  shown.forEach((upload, place) => {
    const tile = tiles.get(upload.key) ?? buildTile(upload, remove)
    if (list.children[place] !== tile) list.insertBefore(tile, list.children[place] ?? null)
    fillTile(tile, upload)
  })
  list.hidden = shown.length === 0
}

/** Takes a tile away; the focus goes from it to the one beside it, or to what the files belong to. */
function removeTile(list, tile) {
  if (tile.contains(document.activeElement)) {
    const beside = tile.nextElementSibling ?? tile.previousElementSibling
    const target = beside ? part(beside, "remove") : (list.closest(".message") ?? part(list.closest("form"), "text"))
    target.focus({ preventScroll: true })
  }
  tile.remove()
}

function buildTile(upload, remove) {
  const tile = cloneTemplate(document.getElementById("upload-template"))
  const { key, name, file, source, type } = upload
  tile.dataset.key = key
  part(tile, "name").textContent = part(tile, "name").title = name
  part(tile, "mark").textContent = markOf(name)
  part(tile, "bar").setAttribute("aria-label", `Sent of ${name}`)
  for (const word of tile.querySelectorAll("[data-part=whose]")) word.textContent = name
  part(tile, "retry").addEventListener("click", () => uploads.retry(key))
  part(tile, "remove").addEventListener("click", () => remove(key))
  part(tile, "describe").addEventListener("click", () => askForWords(upload))
  if (file?.preview) drawAddress(tile, file.preview.url)
  else if (source && PICTURE.test(type)) drawSource(tile, source)
  return tile
}

function fillTile(tile, upload) {
  const { state, sent, error, size, alt, file, type } = upload
  const bar = part(tile, "bar")
  tile.dataset.state = state
  bar.hidden = state === "failed"
  if (state === "processing") bar.removeAttribute("value")
  else bar.value = state === "done" ? 1 : sent
  part(tile, "note").textContent = noteOf(upload, sizeInWords(size))
  part(tile, "note").classList.toggle("failed", state === "failed" || Boolean(error))
  const retry = part(tile, "retry")
  const needsNone = state !== "failed" || upload.final
  if (needsNone && retry === document.activeElement) part(tile, "remove").focus({ preventScroll: true })
  retry.hidden = needsNone
  const isPicture = file ? file.kind === "picture" : PICTURE.test(type ?? "")
  part(tile, "describe").hidden = !isPicture || state === "failed"
  part(tile, "describe").setAttribute("aria-pressed", String(Boolean(alt)))
}

function noteOf({ state, error, delay }, size) {
  if (state === "failed") return error.detail
  if (error) return delay ? `${error.detail} It is tried again` : error.detail
  return state === "processing" ? "Almost there" : size
}

/** Draws a small picture of a file; the security policy lets no address of a blob be shown. */
async function drawSource(tile, source) {
  try {
    draw(tile, await createImageBitmap(source, { resizeWidth: 2 * THUMB_WIDTH, resizeQuality: "medium" }))
  } catch {
    // No picture that this browser knows: its kind stands there.
  }
}

function drawAddress(tile, address) {
  const image = new Image()
  image.addEventListener("load", () => draw(tile, image))
  image.src = address
}

function draw(tile, image) {
  const canvas = part(tile, "thumb")
  const scale = Math.max(THUMB_WIDTH / image.width, THUMB_HEIGHT / image.height)
  const [width, height] = [image.width * scale, image.height * scale]
  Object.assign(canvas, { width: THUMB_WIDTH, height: THUMB_HEIGHT })
  canvas.getContext("2d").drawImage(image, (THUMB_WIDTH - width) / 2, (THUMB_HEIGHT - height) / 2, width, height)
  image.close?.()
  canvas.hidden = false
  part(tile, "mark").hidden = true
}

/** Asks what a picture shows, for those who can't see it. */
function askForWords({ key, name, alt }) {
  const dialog = document.getElementById("alt-dialog")
  const field = part(dialog, "alt")
  part(dialog, "name").textContent = name
  field.value = uploads.find(key)?.alt ?? alt
  dialog.returnValue = ""
  dialog.addEventListener("close", () => dialog.returnValue === "save" && uploads.describe(key, field.value.trim()), { once: true })
  dialog.showModal()
}
