import { UploadQueue } from "../../models/upload_queue.js"
import { connection } from "./connection.js"
import { exclusively } from "../device/locks.js"
import { Emitter } from "./emitter.js"
import { kept } from "../device/kept.js"

// Without any progress; and while the server looks at what it has, which may wait for its turn.
const STALLED_MS = 45_000
const PROCESSING_MS = 120_000
const OFFLINE = { code: "offline", detail: "The connection was lost." }

/** Uploads or describes a file; resolves with the server's {id, name, …}. */
async function send(upload, options) {
  const file = upload.file ?? (await exclusively(`upload:${upload.key}`, () => sendOnce(upload, options), options.signal))
  return upload.alt && upload.alt !== file.alt ? describe(file, upload.alt) : file
}

/** Uploads a file, unless another tab has done so meanwhile. */
async function sendOnce(upload, options) {
  return (await kept.loadFile(upload.key))?.file ?? post(upload, await posterOf(upload.source), options)
}

/** What a film shows before it plays; null of another file, and where that can't be drawn. */
function posterOf(source) {
  if (!source?.type?.startsWith("video/")) return null
  return import("../page/poster.js").then(({ drawPoster }) => drawPoster(source), () => null)
}

/** Posts a file by XMLHttpRequest, as `fetch` tells no progress of what it sends. */
function post({ key, room, alt, source, name }, poster, { signal, onProgress }) {
  // Meanwhile its poster was drawn.
  if (signal.aborted) return Promise.reject(OFFLINE)
  // In the address, what is refused is refused before the file is sent.
  const about = new URLSearchParams({ room, client_id: key, alt })
  const form = new FormData()
  if (poster) form.append("poster", poster, "poster.webp")
  form.append("file", source, name)
  const request = new XMLHttpRequest()
  return new Promise((resolve, reject) => {
    let timer
    const watch = (ms) => {
      clearTimeout(timer)
      timer = setTimeout(() => end(reject, { code: "timeout", detail: "The server did not answer." }), ms)
    }
    const end = (settle, answer) => {
      clearTimeout(timer)
      settle(answer)
      request.abort()
    }
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      onProgress(total ? loaded / total : 0)
      watch(loaded < total ? STALLED_MS : PROCESSING_MS)
    })
    request.addEventListener("load", () => (isFile(request.status < 300, request.response) ? end(resolve, request.response) : end(reject, errorOf(request))))
    request.addEventListener("error", () => end(reject, OFFLINE))
    request.addEventListener("abort", () => end(reject, OFFLINE))
    signal.addEventListener("abort", () => request.abort())
    request.open("POST", `/file?${about}`)
    request.responseType = "json"
    request.setRequestHeader("Accept", "application/json")
    request.setRequestHeader("X-CSRFToken", csrfToken())
    request.send(form)
    watch(STALLED_MS)
  })
}

async function describe({ id }, alt) {
  let response
  try {
    response = await fetch(`/file/${id}`, { method: "PATCH", headers: headers(), body: JSON.stringify({ alt }), credentials: "same-origin" })
  } catch {
    throw OFFLINE
  }
  const answer = await response.json().catch(() => null)
  if (!isFile(response.ok, answer)) throw answer?.code ? answer : { code: "unavailable", detail: "The server gave no answer." }
  return answer
}

/** Gives a file back that no message took; the server removes it a day later anyway. */
export function discardUpload({ file }) {
  if (file) fetch(`/file/${file.id}`, { method: "DELETE", headers: headers(), credentials: "same-origin", keepalive: true }).catch(() => {})
}

/** Whether it is the server's answer, and not that of a network that asks to log in first, or of a proxy. */
const isFile = (ok, answer) => ok && Boolean(answer?.id)

function errorOf({ status, response }) {
  if (response?.code) return response
  if (status === 413) return { code: "too_large", detail: "It is larger than files may be here." }
  return { code: "unavailable", detail: "The server gave no answer." }
}

const csrfToken = () => document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? ""
const headers = () => ({ "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": csrfToken() })

/** Emits "changed" (upload, gone) for each change of each upload. */
export const uploadEvents = new Emitter()
export const uploads = new UploadQueue({ send, onChange: (upload, gone) => uploadEvents.emit("changed", upload, gone) })

connection.on("online", () => uploads.connected())
connection.on("offline", () => uploads.disconnected())
