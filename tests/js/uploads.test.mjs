import "./support/browser_receivers.mjs"
import assert from "node:assert/strict"
import { beforeEach, test } from "node:test"
import { Outbox } from "../../static/js/models/outbox.js"
import { UploadQueue } from "../../static/js/models/upload_queue.js"

const settled = () => new Promise((resolve) => setImmediate(resolve))
const fileOf = (key, alt = "") => ({ id: `id-${key}`, name: key, alt, size: 1 })
let calls, timers, queue, changes

beforeEach(() => {
  calls = []
  timers = []
  changes = []
  queue = new UploadQueue({
    schedule: (run, after) => timers.push({ run, after }),
    onChange: ({ key, state }, gone) => changes.push(`${key} ${gone ? "gone" : state}`),
    send: (upload, options) => new Promise((resolve, reject) => calls.push({ key: upload.key, alt: upload.alt, file: upload.file, resolve, reject, ...options })),
  })
})

const add = (key, more = {}) => queue.add({ key, name: key, size: 1, source: {}, ...more })
const keys = () => calls.map(({ key }) => key)
const states = () => [...queue.uploads.values()].map(({ key, state }) => `${key} ${state}`)

test("two are sent at a time, in their order, each with its progress", async () => {
  queue.connected()
  for (const key of ["a", "b", "c"]) add(key)
  assert.deepEqual(keys(), ["a", "b"])
  calls[0].onProgress(0.5)
  assert.equal(queue.find("a").sent, 0.5)
  calls[0].onProgress(1)
  assert.deepEqual(states(), ["a processing", "b sending", "c waiting"])
  calls[0].resolve(fileOf("a"))
  await settled()
  assert.deepEqual(states(), ["a done", "b sending", "c sending"])
  assert.deepEqual(queue.find("a").file, fileOf("a"))
})

test("one that is cancelled is ended and makes room for the next", async () => {
  queue.connected()
  for (const key of ["a", "b", "c"]) add(key)
  queue.cancel("a")
  assert.equal(calls[0].signal.aborted, true)
  assert.deepEqual(keys(), ["a", "b", "c"])
  calls[0].reject({ code: "offline" })
  calls[0].onProgress(0.7)
  await settled()
  assert.deepEqual(states(), ["b sending", "c sending"])
  assert.equal(changes.includes("a gone"), true)
  assert.equal(queue.cancel("a"), null)
})

test("after a lost connection it is sent again under the same key", async () => {
  queue.connected()
  add("a")
  queue.disconnected()
  calls[0].reject({ code: "offline" })
  await settled()
  assert.deepEqual([states(), timers.length], [["a waiting"], 0])
  queue.connected()
  assert.deepEqual(keys(), ["a", "a"])
  calls[1].resolve(fileOf("a"))
  await settled()
  assert.deepEqual(states(), ["a done"])
})

test("what breaks off each time while there is a connection is given up, and may be tried by hand", async () => {
  queue.connected()
  add("a")
  for (let round = 0; round < 6; round += 1) {
    calls[round].reject({ code: "offline" })
    await settled()
    timers[round]?.run()
  }
  assert.deepEqual(timers.map(({ after }) => after), [1000, 2000, 4000, 8000, 8000])
  assert.deepEqual([states(), queue.find("a").error.code], [["a failed"], "broken"])
  queue.retry("a")
  assert.equal(calls.length, 7)
})

test("a refusal says why and isn't repeated by itself; a rate limit is waited out by all", async () => {
  queue.connected()
  add("a")
  add("b")
  calls[0].reject({ code: "quota_exceeded", detail: "There is no room for more." })
  await settled()
  assert.equal(queue.find("a").error.detail, "There is no room for more.")
  calls[1].reject({ code: "rate_limited", retry_after: 7 })
  add("c")
  await settled()
  // One that waits for the limit holds up the others.
  assert.equal(calls.filter(({ key }) => key === "a").length, 1)
  assert.equal(timers[0].after, 7000)
  timers[0].run()
  assert.equal(keys().includes("b") && keys().at(-1) !== "a", true)
})

test("one that can't succeed isn't sent at all, nor by retrying", () => {
  queue.connected()
  add("a", { error: { code: "too_large", detail: "It is larger than 100 MB." } })
  queue.retry("a")
  assert.deepEqual([states(), calls.length], [["a failed"], 0])
})

test("words for a picture are sent with it, or after it", async () => {
  queue.connected()
  add("a")
  queue.describe("a", "a lathe")
  calls[0].resolve(fileOf("a"))
  await settled()
  assert.deepEqual([calls[1].alt, calls[1].file, states()], ["a lathe", fileOf("a"), ["a processing"]])
  calls[1].resolve(fileOf("a", "a lathe"))
  await settled()
  assert.deepEqual(states(), ["a done"])
  queue.describe("a", "a lathe")
  assert.equal(calls.length, 2)
  queue.adopt("b", fileOf("b"))
  queue.describe("b", "a saw")
  assert.equal(calls[2].key, "b")
})

class Store {
  kept = new Map()
  load() { return JSON.parse(JSON.stringify([...this.kept.values()])) }
  save(entry) { this.kept.set(entry.client_id, JSON.parse(JSON.stringify(entry))) }
  remove(id) { this.kept.delete(id) }
}

const store = () => new Store()
const open = (kept, sent) => new Outbox({ store: kept, schedule: () => {}, now: () => 1000, send: async (entry) => sent.push(entry.client_id) && new Promise(() => {}) })
const write = (outbox, id, ...files) => outbox.add({ client_id: id, room: "general", body: id, files: files.map((key) => ({ key, name: key, file: null, error: null })) })

test("a message waits for its files, and later ones of its room for it", () => {
  const sent = []
  const outbox = open(store(), sent)
  outbox.connected()
  write(outbox, "m1", "a", "b")
  write(outbox, "m2")
  outbox.add({ client_id: "m3", room: "elsewhere", body: "m3" })
  assert.deepEqual(sent, ["m3"])
  outbox.settle("m3")
  outbox.uploaded("b", fileOf("b"))
  assert.deepEqual(sent, ["m3"])
  outbox.uploaded("a", fileOf("a"))
  assert.deepEqual(sent, ["m3", "m1"])
  assert.deepEqual(outbox.find("m1").files.map(({ file }) => file.id), ["id-a", "id-b"])
})

test("a file that fails holds its message alone, until it is tried again or taken away", () => {
  const sent = []
  const outbox = open(store(), sent)
  outbox.connected()
  write(outbox, "m1", "a", "b")
  write(outbox, "m2")
  outbox.uploadFailed("a", { code: "too_large", detail: "It is larger than 100 MB." })
  assert.deepEqual([outbox.find("m1").state, sent], ["failed", ["m2"]])
  outbox.settle("m2")
  outbox.uploaded("b", fileOf("b"))
  assert.deepEqual([outbox.find("m1").state, sent], ["failed", ["m2"]])
  outbox.uploadFailed("a", null)
  assert.equal(outbox.find("m1").state, "waiting")
  outbox.withoutFile("a")
  assert.deepEqual(sent, ["m2", "m1"])
})

test("a message of nothing but a file goes with it", () => {
  const outbox = open(store(), [])
  outbox.add({ client_id: "m1", room: "general", body: "", files: [{ key: "a", name: "a", file: null, error: null }] })
  outbox.withoutFile("a")
  assert.equal(outbox.find("m1"), undefined)
})

test("after a reload it is sent with the same files if they were uploaded, else it says which are lost", () => {
  const kept = store()
  const before = open(kept, [])
  write(before, "m1", "a")
  write(before, "m2", "b", "c")
  before.uploaded("a", fileOf("a"))
  before.uploaded("b", fileOf("b"))
  const sent = []
  const after = open(kept, sent)
  after.connected()
  assert.deepEqual(sent, ["m1"])
  assert.equal(after.find("m1").files[0].file.id, "id-a")
  assert.equal(after.find("m2").state, "failed")
  assert.match(after.find("m2").error.detail, /: c$/)
  after.retry("m2")
  assert.equal(after.find("m2").state, "failed")
  after.withoutFile("c")
  assert.equal(after.find("m2").state, "waiting")
})
