// Of a film's first second; a frame of fewer pixels than the largest preview has; and how long it may take.
const AT_SECONDS = 1
const MAX_SIDE = 1440
const TIMEOUT_MS = 4000
const QUALITY = 0.85
const MAX_BYTES = 1_000_000

/** Draws a frame of a film, by which others know it before they play it; null of another file, and where that fails. */
export async function drawPoster(source) {
  if (!source?.type?.startsWith("video/")) return null
  const film = document.createElement("video")
  Object.assign(film, { muted: true, playsInline: true, preload: "auto", src: URL.createObjectURL(source) })
  try {
    await happens(film, "loadeddata")
    film.currentTime = Math.min(AT_SECONDS, (Number.isFinite(film.duration) ? film.duration : 0) / 10)
    await happens(film, "seeked")
    const picture = await pictureOf(film)
    return picture && picture.size <= MAX_BYTES ? picture : null
  } catch {
    return null
  } finally {
    URL.revokeObjectURL(film.src)
    film.removeAttribute("src")
    film.load()
  }
}

function happens(film, event) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(reject, TIMEOUT_MS)
    film.addEventListener("error", reject, { once: true })
    film.addEventListener(event, () => {
      clearTimeout(timer)
      resolve()
    }, { once: true })
  })
}

function pictureOf(film) {
  const scale = Math.min(1, MAX_SIDE / Math.max(film.videoWidth, film.videoHeight))
  const canvas = document.createElement("canvas")
  canvas.width = Math.round(film.videoWidth * scale)
  canvas.height = Math.round(film.videoHeight * scale)
  canvas.getContext("2d").drawImage(film, 0, 0, canvas.width, canvas.height)
  return new Promise((resolve) => canvas.toBlob(resolve, "image/webp", QUALITY))
}
