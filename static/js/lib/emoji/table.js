import { EmojiIndex } from "../../models/emoji_index.js"
import { loadSiteEmoji } from "./site_emoji.js"

const SAMPLES = 3
let loading

/**
 * Loads the names of emoji, once for a page. Rejects where they can't be loaded; the next call tries again. Without the
 * site's own, where those can't be.
 */
export async function loadEmoji() {
  loading ??= load(document.getElementById("emoji-picker").dataset.source)
  loading.catch(() => (loading = undefined))
  const [index, own] = await Promise.all([loading, loadSiteEmoji().catch(() => [])])
  index.takeOwn(own)
  return index
}

async function load(address) {
  const answer = await fetch(address)
  if (!answer.ok) throw new Error(`${address} answered ${answer.status}`)
  const data = await answer.json()
  return new EmojiIndex(data, newestDrawn(data.emoji))
}

/** The newest version of emoji that this device's font has; all where it draws none in colour, and one can't tell. */
function newestDrawn(rows) {
  const context = Object.assign(document.createElement("canvas"), { width: 24, height: 24 }).getContext("2d", { willReadFrequently: true })
  const versions = [...new Set(rows.map(([, , version]) => version))].sort((one, other) => other - one)
  const single = (version) => rows.filter(([emoji, , since]) => since === version && [...emoji].length === 1).slice(0, SAMPLES)
  return versions.find((version) => single(version).some(([emoji]) => isDrawnInColour(context, emoji))) ?? Infinity
}

function isDrawnInColour(context, emoji) {
  context.clearRect(0, 0, 24, 24)
  context.textBaseline = "top"
  context.font = "16px sans-serif"
  context.fillText(emoji, 2, 2)
  const { data } = context.getImageData(0, 0, 24, 24)
  for (let at = 0; at < data.length; at += 4) if (data[at] !== data[at + 1] || data[at] !== data[at + 2]) return true
  return false
}
