// Word's clipboard has each picture twice as long as its bytes.
const MAX_RTF_CHARACTERS = 20_000_000
const MAX_PICTURES = 10
const TYPES = { pngblip: "image/png", jpegblip: "image/jpeg" }
const BEGINNINGS = { pngblip: "89504e47", jpegblip: "ffd8ff" }

/** The PNG and JPEG pictures in a text of the Rich Text Format, as word processors put it into the clipboard: {type, bytes}. */
export function picturesIn(rtf) {
  if (!rtf.startsWith("{\\rtf") || rtf.length > MAX_RTF_CHARACTERS) return []
  const found = []
  for (const { 0: word, 1: name, index } of rtf.matchAll(/\\(pngblip|jpegblip)\b/g)) {
    const hex = hexAfter(rtf, index + word.length)
    if (!hex.startsWith(BEGINNINGS[name]) || hex.length % 2) continue
    found.push({ type: TYPES[name], bytes: bytesOf(hex) })
    if (found.length === MAX_PICTURES) break
  }
  return found
}

/** The digits up to the end of the group; inner groups and other control words are left out. */
function hexAfter(rtf, start) {
  const pieces = []
  let at = start
  for (;;) {
    const close = rtf.indexOf("}", at)
    if (close < 0) return ""
    const open = rtf.slice(at, close).indexOf("{")
    if (open < 0) {
      pieces.push(rtf.slice(at, close))
      break
    }
    pieces.push(rtf.slice(at, at + open))
    at = close + 1
  }
  return pieces.join("").replace(/\\[a-z]+-?\d*/g, "").replace(/\s+/g, "").toLowerCase()
}

function bytesOf(hex) {
  const bytes = new Uint8Array(hex.length / 2)
  for (let place = 0; place < bytes.length; place += 1) bytes[place] = Number.parseInt(hex.slice(2 * place, 2 * place + 2), 16)
  return bytes
}
