import "./support/browser_receivers.mjs"
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
    schedule: (run, after) => timers.push({ run, after }),
    onChange: (entry, gone) => changes.push(`${entry.client_id} ${gone ? "gone" : entry.state}`),
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

test("what could not be stored in passing says so, is tried again by itself, and keeps its place before later ones", async () => {
  outbox.connected()
  write("a")
  write("b")
  calls[0].reject({ code: "timeout" })
  await settled()
  assert.equal(outbox.find("a").state, "waiting")
  assert.equal(outbox.find("a").error.code, "timeout")
  assert.equal(calls.length, 1)
  timers[0].run()
  assert.equal(calls[1].entry.client_id, "a")
  calls[1].resolve({})
  await settled()
  assert.equal(calls[2].entry.client_id, "b")
})

test("the person may have it tried again at once", async () => {
  outbox.connected()
  write("a")
  calls[0].reject({ code: "unavailable" })
  await settled()
  outbox.retry("a")
  assert.equal(calls[1].entry.client_id, "a")
  calls[1].resolve({})
  await settled()
  timers[0].run()
  assert.equal(calls.length, 2)
})

test("what is just being tried again isn't sent once more by the button", async () => {
  outbox.connected()
  write("a")
  calls[0].reject({ code: "unavailable" })
  await settled()
  timers[0].run()
  outbox.retry("a")
  assert.equal(calls.length, 2)
})

test("a room that can't be written to holds up no other", async () => {
  outbox.connected()
  write("a", "board")
  write("b", "lobby")
  calls[0].reject({ code: "unavailable" })
  await settled()
  assert.equal(calls[1].entry.client_id, "b")
})

test("the next connection tries at once what failed in passing, and not what was refused", async () => {
  outbox.connected()
  write("b")
  calls[0].reject({ code: "muted", detail: "You are muted in this room." })
  await settled()
  write("a")
  calls[1].reject({ code: "timeout" })
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
  timers[0].run()
  assert.equal(calls[1].entry.client_id, "a")
})

test("an unavailable server is asked again with growing pauses, for as long as it takes", async () => {
  outbox.connected()
  write("a")
  for (let round = 0; round < 6; round += 1) {
    calls[round].reject({ code: "unavailable" })
    await settled()
    timers[round].run()
  }
  assert.deepEqual(timers.map((timer) => timer.after), [1000, 2000, 4000, 8000, 8000, 8000])
  assert.equal(calls.length, 7)
})

test("by itself it waits with the browser's own timer", { timeout: 60_000 }, async () => {
  let tries = 0
  const send = async () => (tries += 1) < 2 ? Promise.reject({ code: "unavailable", retry_after: 0.001 }) : {}
  await new Promise((stored) => {
    const real = new Outbox({ store, send, onChange: (_entry, gone) => gone && stored() })
    real.connected()
    real.add({ client_id: "a", room: "general", body: "x" })
  })
  assert.equal(tries, 2)
})

for (const code of ["unavailable", "rate_limited"]) {
  test(`a delay after "${code}" ends when its timer does, whatever the clock says`, async () => {
    outbox.connected()
    write("a")
    calls[0].reject({ code })
    await settled()
    clock -= 60 * 60 * 1000
    timers[0].run()
    assert.equal(calls.length, 2)
  })
}

test("the timer of a delay that was cut short doesn't end the next one", async () => {
  outbox.connected()
  write("a")
  calls[0].reject({ code: "unavailable" })
  await settled()
  outbox.retry("a")
  calls[1].reject({ code: "unavailable" })
  await settled()
  timers[0].run()
  assert.equal(calls.length, 2)
  timers[1].run()
  assert.equal(calls.length, 3)
})

test("what another page sent or discarded while this one slept is settled", () => {
  write("a")
  write("b")
  store.remove("a")
  outbox.reconcile(store.load().map((entry) => entry.client_id))
  assert.deepEqual(outbox.entries.map((entry) => entry.client_id), ["b"])
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

test("what another page still uploads is left to it, and only that", () => {
  outbox.connected()
  outbox.add({ client_id: "a", room: "general", body: "", files: [{ key: "k", name: "long.mp4", file: null, error: null }] })
  const second = open()
  assert.deepEqual([outbox.lost, second.lost], [[], ["a"]])
  assert.deepEqual([outbox.having(["a", "b"]), second.having(["a"])], [["a"], []])
  outbox.leave("a")
  second.leave("a")
  assert.deepEqual([outbox.entries.length, second.entries.length, store.kept.size], [1, 0, 1])
  assert.equal(changes.at(-1), "a gone")
  outbox.uploaded("k", { id: "f" })
  assert.deepEqual(calls.map(({ entry }) => entry.files[0].file.id), ["f"])
})
