import { retryDelay, TRANSIENT_ERRORS } from "./retry.js"

const MAX_AT_ONCE = 2
// With a connection that opens: a server that refuses an upload half-way is often seen as no more than a broken one.
const MAX_TRIES = 6
// Of the file itself: the same one fails again.
const HOPELESS_ERRORS = new Set(["too_large", "unsupported_type"])
const BROKEN = { code: "broken", detail: "The connection broke off each time." }

/**
 * Files on their way to the server, MAX_AT_ONCE at a time in their order. Each keeps its `key`, the `client_id` of its
 * upload, over every try, so that it is stored once.
 *
 * An upload: {key, name, size, alt, source, state, sent, error, file}; `state` is "waiting", "sending", "processing" (all is
 * sent and the server looks at it), "done", or "failed" (the person decides); `sent` is the share that is sent, and `file`
 * what the server answered. `send(upload, {signal, onProgress})` resolves with that, or rejects with {code, detail}.
 */
export class UploadQueue {
  constructor({ send, onChange = () => {}, schedule = (run, after) => setTimeout(run, after) }) {
    Object.assign(this, { send, onChange, schedule, online: false, pause: null })
    this.uploads = new Map()
  }

  find(key) {
    return this.uploads.get(key)
  }

  /** Takes a file to be sent; with an `error`, one that isn't, and says why. */
  add({ key, error = null, ...about }) {
    const upload = { alt: "", ...about, key, error, state: error ? "failed" : "waiting", final: Boolean(error), sent: 0, tries: 0, delay: null, file: null }
    this.uploads.set(key, upload)
    this.onChange(upload, false)
    this.#pump()
    return upload
  }

  /** Takes a file that the server has already. */
  adopt(key, file) {
    if (this.find(key)) return
    const { name, size, alt } = file
    const upload = { key, name, size, alt, file, source: null, state: "done", sent: 1, tries: 0, delay: null, error: null }
    this.uploads.set(key, upload)
    this.onChange(upload, false)
  }

  /** Ends an upload, wherever it is, and forgets it; returns it. */
  cancel(key) {
    const upload = this.find(key)
    if (!upload) return null
    this.uploads.delete(key)
    upload.abort?.abort()
    this.onChange(upload, true)
    this.#pump()
    return upload
  }

  /** Sends again what failed, unless it can't succeed. */
  retry(key) {
    const upload = this.find(key)
    if (upload?.state !== "failed" || upload.final) return
    Object.assign(upload, { tries: 0, delay: null })
    this.#setState(upload, "waiting")
    this.#pump()
  }

  /** Says in words what a picture shows; of one that is uploaded, too. */
  describe(key, alt) {
    const upload = this.find(key)
    if (!upload || upload.alt === alt) return
    upload.alt = alt
    if (upload.state === "done") this.#setState(upload, "waiting")
    else this.onChange(upload, false)
    this.#pump()
  }

  connected() {
    this.online = true
    this.pause = null
    for (const upload of this.uploads.values()) Object.assign(upload, { tries: 0, delay: null })
    this.#pump()
  }

  disconnected() {
    this.online = false
  }

  #pump() {
    if (!this.online || this.pause) return
    const all = [...this.uploads.values()]
    const under = all.filter(({ state }) => state === "sending" || state === "processing").length
    const next = all.filter(({ state, delay }) => state === "waiting" && !delay).slice(0, MAX_AT_ONCE - under)
    for (const upload of next) this.#transmit(upload)
  }

  async #transmit(upload) {
    const abort = (upload.abort = new AbortController())
    upload.sent = upload.file ? 1 : 0
    this.#setState(upload, upload.file ? "processing" : "sending", upload.error)
    const { alt } = upload
    try {
      const file = await this.send(upload, { signal: abort.signal, onProgress: (sent) => this.#onProgress(upload, sent) })
      if (this.find(upload.key) !== upload) return
      Object.assign(upload, { file, sent: 1, tries: 0 })
      this.#setState(upload, upload.alt === alt ? "done" : "waiting")
    } catch (error) {
      if (this.find(upload.key) === upload) this.#onError(upload, error)
    }
    this.#pump()
  }

  #onProgress(upload, sent) {
    if (this.find(upload.key) !== upload) return
    upload.sent = sent
    this.#setState(upload, sent < 1 ? "sending" : "processing", upload.error)
  }

  #onError(upload, error) {
    upload.sent = 0
    upload.tries += 1
    upload.final = HOPELESS_ERRORS.has(error.code)
    if (!TRANSIENT_ERRORS.has(error.code)) return this.#setState(upload, "failed", error)
    // Until the connection is back.
    if (!this.online) return this.#setState(upload, "waiting", error)
    if (upload.tries >= MAX_TRIES && error.code === "offline") return this.#setState(upload, "failed", BROKEN)
    const delay = {}
    upload.delay = delay
    if (error.code === "rate_limited") this.pause = delay
    this.#setState(upload, "waiting", error)
    this.schedule(() => this.#endDelay(upload, delay), retryDelay(upload.tries, error))
  }

  #endDelay(upload, delay) {
    if (upload.delay === delay) upload.delay = null
    if (this.pause === delay) this.pause = null
    this.#pump()
  }

  #setState(upload, state, error = null) {
    Object.assign(upload, { state, error: state === "done" ? null : error })
    this.onChange(upload, false)
  }
}

/** Why a file isn't even sent, {code, detail}; null if nothing is known against it. `limits` are {size, kinds}. */
export function refusalOf({ size, type }, { size: most, kinds }, inWords) {
  if (most && size > most) return { code: "too_large", detail: `It is larger than ${inWords(most)}.` }
  const kind = { image: "picture", audio: "audio", video: "video" }[type?.split("/")[0]]
  if (kind && !kinds.includes(kind)) return { code: "unsupported_type", detail: "Files of that kind aren't taken here." }
  return null
}
