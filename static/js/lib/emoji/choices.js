import { storage } from "../page/storage.js"

const RECENT = "emoji-recent"
const TONE = "emoji-tone"
const MOST_RECENT = 24

/** Emoji that were chosen on this device, the last one first. */
export function recentEmoji() {
  try {
    const kept = JSON.parse(storage.getItem(RECENT) ?? "[]")
    return Array.isArray(kept) ? kept.filter((emoji) => typeof emoji === "string") : []
  } catch {
    return []
  }
}

export function keepRecent(emoji) {
  const others = recentEmoji().filter((other) => other !== emoji)
  storage.setItem(RECENT, JSON.stringify([emoji, ...others].slice(0, MOST_RECENT)))
}

/** The skin tone that was chosen on this device: 1 to 5 from light to dark, or 0. */
export function chosenTone() {
  const tone = Number(storage.getItem(TONE))
  return Number.isInteger(tone) && tone > 0 && tone < 6 ? tone : 0
}

export function keepTone(tone) {
  storage.setItem(TONE, String(tone))
}
