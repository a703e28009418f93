import { refusalOf } from "../../models/upload_queue.js"
import { sizeInWords } from "../../models/file_views.js"
import { discardUpload, uploadEvents, uploads } from "../connection/uploads.js"
import { Emitter } from "../connection/emitter.js"
import { me } from "../page/me.js"
import { uuid } from "../page/uuid.js"
import { room } from "./room.js"

/**
 * The files that go with the next message, in their order. Emits "changed" when there are others. Those that are uploaded
 * survive a reload of their tab.
 */
class Attachments extends Emitter {
  constructor() {
    super()
    this.key = `attachments:${me}:${room.slug}`
    this.keys = []
    for (const { key, file } of stored(this.key)) {
      uploads.adopt(key, file)
      this.keys.push(key)
    }
    uploadEvents.on("changed", ({ key, state }, gone) => {
      if (!this.keys.includes(key)) return
      if (gone) this.#set(this.keys.filter((other) => other !== key))
      else if (state === "done") this.#save()
    })
  }

  get uploads() {
    return this.keys.map((key) => uploads.find(key))
  }

  get failed() {
    return this.uploads.some(({ state }) => state === "failed")
  }

  /** Takes files; returns how many are too many for one message. */
  add(files) {
    const taken = files.slice(0, Math.max(room.uploads.count - this.keys.length, 0))
    for (const source of taken) {
      const key = uuid()
      this.keys.push(key)
      const { name, size, type } = source
      uploads.add({ key, room: room.slug, name, size, type, source, error: refusalOf(source, room.uploads, sizeInWords) })
    }
    this.#set(this.keys)
    return files.length - taken.length
  }

  /** Hands the files over to a message: {key, name, file, error} each, `file` null while it is under way. */
  take() {
    const files = this.uploads.map(({ key, name, file, state }) => ({ key, name, file: state === "done" ? file : null, error: null }))
    this.#set([])
    return files
  }

  /** Takes those files of a message that are uploaded back. */
  restore(files) {
    for (const { key, file } of files) if (file) uploads.adopt(key, file)
    this.#set([...files.filter(({ key }) => uploads.find(key)).map(({ key }) => key), ...this.keys].slice(0, room.uploads.count))
  }

  remove(key) {
    const upload = uploads.cancel(key)
    if (upload) discardUpload(upload)
  }

  #set(keys) {
    this.keys = keys
    this.#save()
    this.emit("changed")
  }

  #save() {
    const done = this.uploads.filter((upload) => upload?.state === "done").map(({ key, file }) => ({ key, file }))
    try {
      if (done.length) sessionStorage.setItem(this.key, JSON.stringify(done))
      else sessionStorage.removeItem(this.key)
    } catch {
      // They don't survive a reload, then.
    }
  }
}

function stored(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? "[]")
  } catch {
    return []
  }
}

export const attachments = room && new Attachments()
