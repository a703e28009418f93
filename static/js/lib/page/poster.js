// Of a film's first second; pixels of a side; how long it may take; and bytes that a form may have beside the largest file.
const AT_SECONDS = 1
const MAX_SIDE = 960
const TIMEOUT_MS = 4000
const MAX_BYTES = 100_000
const QUALITIES = [0.8, 0.5]

/** Draws a frame of a film, by which others know it before they play it; null where that fails. */
export async function drawPoster(source) {
  const film = document.createElement("video")
  Object.assign(film, { muted: true, playsInline: true, preload: "auto", src: URL.createObjectURL(source) })
  try {
    await happens(film, "loadeddata")
    film.currentTime = Math.min(AT_SECONDS, (Number.isFinite(film.duration) ? film.duration : 0) / 10)
    await happens(film, "seeked")
    return await pictureOf(film)
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

async function pictureOf(film) {
  const scale = Math.min(1, MAX_SIDE / Math.max(film.videoWidth, film.videoHeight))
  const canvas = document.createElement("canvas")
  canvas.width = Math.round(film.videoWidth * scale)
  canvas.height = Math.round(film.videoHeight * scale)
  canvas.getContext("2d").drawImage(film, 0, 0, canvas.width, canvas.height)
  for (const quality of QUALITIES) {
    const picture = await new Promise((resolve) => canvas.toBlob(resolve, "image/webp", quality))
    if (picture?.size <= MAX_BYTES) return picture
  }
  return null
}
