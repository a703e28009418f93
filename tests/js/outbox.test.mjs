import assert from "node:assert/strict"
import { beforeEach, test } from "node:test"
import { Outbox } from "../../static/js/models/outbox.js"

class Store {
  kept = new Map()
  load() { return [...this.kept.values()] }
  save(entry) { this.kept.set(entry.client_id, { ...entry }) }
  remove(id) { this.kept.delete(id) }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))
let store, calls, timers, clock, outbox, changes

function open() {
  return new Outbox({
    store,
    now: () => clock,
    later: (run, after) => timers.push({ run, after }),
    changed: (entry, gone) => changes.push(`${entry.client_id} ${gone ? "gone" : entry.state}`),
    send: (entry) => new Promise((resolve, reject) => calls.push({ entry, resolve, reject })),
  })
}

const write = (id, room = "general") => outbox.add({ client_id: id, room, body: `text of ${id}` })

beforeEach(() => {
  store = new Store()
  calls = []
  timers = []
  changes = []
  clock = 1000
  outbox = open()
})

test("a message is sending at once, and gone when the server has it", async () => {
  outbox.connected()
  write("a")
  assert.deepEqual(changes, ["a waiting", "a sending"])
  calls[0].resolve({ id: 1 })
  await settled()
  assert.deepEqual(changes.at(-1), "a gone")
  assert.equal(store.kept.size, 0)
})

test("messages go out one after another, in order", async () => {
  outbox.connected()
  write("a")
  write("b")
  assert.equal(calls.length, 1)
  calls[0].resolve({})
  await settled()
  assert.deepEqual(calls.map((call) => call.entry.client_id), ["a", "b"])
})

test("offline they wait, and go out in order when the connection is back", async () => {
  write("a")
  write("b")
  assert.equal(calls.length, 0)
  outbox.connected()
  calls[0].resolve({})
  await settled()
  calls[1].resolve({})
  await settled()
  assert.deepEqual(calls.map((call) => call.entry.client_id), ["a", "b"])
  assert.equal(outbox.entries.length, 0)
})

test("a connection lost on the way repeats the same client_id", async () => {
  outbox.connected()
  write("a")
  outbox.disconnected()
  calls[0].reject({ code: "offline" })
  await settled()
  assert.equal(outbox.find("a").state, "waiting")
  outbox.connected()
  assert.equal(calls[1].entry.client_id, "a")
})

test("the log may tell of it before the ack does", async () => {
  outbox.connected()
  write("a")
  write("b")
  assert.equal(outbox.settle("a"), true)
  assert.equal(calls.length, 2)
  calls[0].resolve({})
  await settled()
  assert.equal(outbox.settle("a"), false)
  assert.deepEqual(changes.filter((change) => change === "a gone"), ["a gone"])
})

test("no answer is a failure that the person may retry, and later ones go on", async () => {
  outbox.connected()
  write("a")
  write("b")
  calls[0].reject({ code: "timeout" })
  await settled()
  assert.equal(outbox.find("a").state, "failed")
  assert.equal(calls[1].entry.client_id, "b")
  calls[1].resolve({})
  await settled()
  outbox.retry("a")
  assert.equal(calls[2].entry.client_id, "a")
})

test("what failed in passing is tried again by itself on the next connection; what was refused is not", async () => {
  outbox.connected()
  write("a")
  calls[0].reject({ code: "timeout" })
  await settled()
  write("b")
  calls[1].reject({ code: "muted", detail: "You are muted in this room." })
  await settled()
  outbox.disconnected()
  outbox.connected()
  assert.equal(calls[2].entry.client_id, "a")
  assert.equal(outbox.find("b").state, "failed")
})

test("a rate limit is waited out", async () => {
  outbox.connected()
  write("a")
  calls[0].reject({ code: "rate_limited", retry_after: 3 })
  await settled()
  assert.equal(outbox.find("a").state, "waiting")
  assert.equal(timers[0].after, 3000)
  write("b")
  assert.equal(calls.length, 1)
  clock += 3000
  timers[0].run()
  assert.equal(calls[1].entry.client_id, "a")
})

test("an unavailable server is asked again with growing pauses, then it is up to the person", async () => {
  outbox.connected()
  write("a")
  for (let round = 0; round < 4; round += 1) {
    calls[round].reject({ code: "unavailable" })
    await settled()
    if (timers[round]) {
      clock += timers[round].after
      timers[round].run()
    }
  }
  assert.deepEqual(timers.map((timer) => timer.after), [1000, 2000, 4000])
  assert.equal(outbox.find("a").state, "failed")
})

test("unsent messages survive a reload and keep their order", () => {
  write("a")
  write("b")
  write("c")
  outbox = open()
  assert.deepEqual(outbox.entries.map((entry) => entry.client_id), ["a", "b", "c"])
  assert.equal(outbox.entries[0].state, "waiting")
  outbox.connected()
  assert.equal(calls[0].entry.body, "text of a")
})

test("a discarded message is forgotten", () => {
  write("a")
  outbox.discard("a")
  assert.equal(store.kept.size, 0)
  outbox.connected()
  assert.equal(calls.length, 0)
})

test("what nobody sent for a week is given up", () => {
  write("a")
  clock += 8 * 24 * 60 * 60 * 1000
  write("b")
  outbox = open()
  assert.deepEqual(outbox.entries.map((entry) => entry.client_id), ["b"])
  assert.deepEqual([...store.kept.keys()], ["b"])
})
