import { connection } from "../connection/connection.js"
import { get } from "../connection/rest.js"

const MOST = 500
let pictures = new Map()
let loading

/** The site's own emoji by name, {name, url, animated} each; loaded once for a connection. Rejects where they can't be. */
export async function loadSiteEmoji() {
  loading ??= load()
  loading.catch(() => (loading = undefined))
  await loading
  return [...pictures.values()].sort((one, other) => (one.name < other.name ? -1 : 1))
}

/** The site's own emoji of this spelling, `:name:`; undefined where there is none, or they aren't loaded. */
export function siteEmoji(spelling) {
  return pictures.get(spelling)
}

export function isNamed(emoji) {
  return emoji.startsWith(":")
}

/** Shows an emoji in an element: one of the site's own as its picture, as soon as that is known. */
export function showEmoji(element, emoji) {
  const picture = siteEmoji(emoji)
  const image = element.querySelector("img")
  if (image ? image.alt === emoji : !picture && element.textContent === emoji) return
  element.replaceChildren(picture ? buildPicture(picture) : emoji)
  if (picture || !isNamed(emoji)) return
  loadSiteEmoji().then(() => siteEmoji(emoji) && element.textContent === emoji && showEmoji(element, emoji), () => {})
}

export function buildPicture({ name, url }) {
  const image = document.createElement("img")
  image.className = "emoji"
  image.alt = image.title = `:${name}:`
  image.src = url
  return image
}

async function load() {
  const { results } = await get("/emoji", { limit: MOST })
  pictures = new Map(results.map((picture) => [`:${picture.name}:`, picture]))
}

// What changed while there was no connection isn't told.
connection.on("online", () => (loading = undefined))
connection.on("emoji-updated", ({ added, removed }) => {
  for (const picture of added) pictures.set(`:${picture.name}:`, picture)
  for (const name of removed) {
    pictures.delete(`:${name}:`)
    for (const image of document.querySelectorAll(`img.emoji[alt=":${CSS.escape(name)}:"]`)) image.replaceWith(image.alt)
  }
})
