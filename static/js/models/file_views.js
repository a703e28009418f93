/**
 * What pages show of files: pictures in a grid, films and sound in place, the first lines of texts, all else as cards.
 * `files/showing.py` has the same for the server's pages; tests/js/file_views.json holds both to one result.
 */

const MAX_WIDTH = 360
const MAX_HEIGHT = 300
const MIN_SIDE = 56
const FILM_SIZE = [360, 203]
const GRID_PICTURES = 4
const GRID_WIDTH = 240
const UNITS = [[1024 ** 3, "GB"], [1024 ** 2, "MB"], [1024, "KB"]]
const MAX_MARK = 4

/** The views of a message's files, {ids, shape, pictures, others}; null without any. */
export function fileViews(files) {
  if (!files?.length) return null
  const pictures = files.filter((file) => formOf(file) === "picture")
  return {
    ids: files.map(({ id }) => id).join(" "),
    shape: Math.min(pictures.length, GRID_PICTURES),
    pictures: pictures.map((file, place) => pictureView(file, place, pictures.length)),
    others: files.filter((file) => formOf(file) !== "picture").map(otherView),
  }
}

/** In which form a page shows a file: "picture", "film", "sound", "text" or "card". */
function formOf({ kind, preview, inline, excerpt }) {
  if (kind === "picture" && preview) return "picture"
  if (kind === "video" && inline) return "film"
  if (kind === "audio" && inline) return "sound"
  return excerpt ? "text" : "card"
}

function pictureView(file, place, count) {
  const small = file.preview
  const { large } = small
  const [width, height] = fitted(small.width, small.height)
  return {
    id: file.id,
    url: file.url,
    name: file.name,
    label: file.alt || file.name,
    alt: file.alt,
    note: sizeInWords(file.size),
    small: small.url,
    srcset: large ? `${small.url} ${small.width}w, ${large.url} ${large.width}w` : "",
    sizes: large ? `${count === 1 ? width : GRID_WIDTH}px` : "",
    large: (large ?? small).url,
    width,
    height,
    placeholder: small.placeholder,
    animated: file.animated,
    more: place === GRID_PICTURES - 1 ? count - GRID_PICTURES : 0,
  }
}

function otherView(file) {
  const [width, height] = file.width && file.height ? fitted(file.width, file.height) : FILM_SIZE
  return {
    id: file.id,
    form: formOf(file),
    url: file.url,
    name: file.name,
    mark: markOf(file.name),
    note: [...(file.duration ? [lengthInWords(file.duration)] : []), sizeInWords(file.size)].join(" · "),
    width,
    height,
    poster: file.preview?.url ?? "",
    excerpt: file.excerpt,
  }
}

/** The size in which a picture is shown: never larger than it is, at its own ratio unless that is a sliver's. */
function fitted(width, height) {
  const scaled = [
    [width, height],
    [MAX_WIDTH, rounded(height * MAX_WIDTH, width)],
    [rounded(width * MAX_HEIGHT, height), MAX_HEIGHT],
  ]
  const [shown] = scaled.sort((one, other) => one[0] - other[0] || one[1] - other[1])
  return [Math.min(Math.max(shown[0], MIN_SIDE), MAX_WIDTH), Math.min(Math.max(shown[1], MIN_SIDE), MAX_HEIGHT)]
}

function rounded(dividend, divisor) {
  return Math.floor((2 * dividend + divisor) / (2 * divisor))
}

/** A number of bytes as "512 B", "3.4 MB" or "12 MB". */
export function sizeInWords(size) {
  for (const [unit, name] of UNITS) {
    if (size < unit) continue
    const tenths = rounded(size * 10, unit)
    return tenths >= 100 ? `${rounded(tenths, 10)} ${name}` : `${tenths / 10} ${name}`
  }
  return `${size} B`
}

/** A length of time as "3:05" or "1:02:07". */
function lengthInWords(length) {
  const seconds = Math.floor(length)
  const pad = (number) => String(number).padStart(2, "0")
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  return hours ? `${hours}:${pad(minutes)}:${pad(seconds % 60)}` : `${minutes}:${pad(seconds % 60)}`
}

/** The ending of a name for a card: "PDF"; "FILE" where there is none that fits. */
export function markOf(name) {
  const ending = name.includes(".") ? name.slice(name.lastIndexOf(".") + 1) : ""
  return /^[0-9a-z]{1,4}$/i.test(ending) && ending.length <= MAX_MARK ? ending.toUpperCase() : "FILE"
}

/** The line that a reply quotes of a message: of its text, else of what it passes on, else the first file's name. */
export function gistOf({ body, files = [], forwarded = null }) {
  return firstLine(body) || firstLine(forwarded?.body ?? "") || files[0]?.name || ""
}

const firstLine = (text) => text.split("\n").find((line) => line.trim())?.trim() ?? ""

/** What a screen reader says of a message: its text, and its files by what they show or by their names. */
export function spokenLine(text, files = []) {
  const words = files.map(({ kind, alt, name }) => `${kind === "picture" ? "picture" : "file"} ${alt || name}`)
  return [text, ...words.slice(0, 3), ...(words.length > 3 ? [`and ${words.length - 3} more`] : [])].filter(Boolean).join(", ")
}
