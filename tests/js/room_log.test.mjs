import "./support/browser_receivers.mjs"
import assert from "node:assert/strict"
import { test } from "node:test"
import { RoomLog } from "../../static/js/models/room_log.js"

const entry = (seq) => ({ event: "chat-message", data: { seq } })
const seqs = (entries) => entries.map((one) => one.data.seq)

test("events in order are applied as they come", () => {
  const log = new RoomLog({ seq: 4, epoch: "a" })
  assert.deepEqual(seqs(log.receive(entry(5))), [5])
  assert.deepEqual(seqs(log.receive(entry(6))), [6])
  assert.equal(log.seq, 6)
})

test("an event that came before is not applied again", () => {
  const log = new RoomLog({ seq: 4, epoch: "a" })
  log.receive(entry(5))
  assert.deepEqual(log.receive(entry(5)), [])
  assert.deepEqual(log.receive(entry(2)), [])
  assert.equal(log.isBehind(), false)
})

test("an event beyond a hole waits until the hole is filled", () => {
  const log = new RoomLog({ seq: 4, epoch: "a" })
  assert.deepEqual(log.receive(entry(7)), [])
  assert.equal(log.isBehind(), true)
  assert.deepEqual(seqs(log.receiveAll([entry(5), entry(6), entry(7)])), [5, 6, 7])
  assert.equal(log.isBehind(), false)
})

test("a head beyond mine is something missing", () => {
  const log = new RoomLog({ seq: 4, epoch: "a" })
  assert.equal(log.isBehind(4), false)
  assert.equal(log.isBehind(5), true)
})

test("whatever the order and however often, each comes once and in order", () => {
  for (let round = 0; round < 200; round += 1) {
    const all = Array.from({ length: 30 }, (_, number) => entry(number + 1))
    const shuffled = [...all, ...all].sort(() => Math.random() - 0.5)
    const log = new RoomLog({ seq: 0, epoch: "a" })
    assert.deepEqual(seqs(log.receiveAll(shuffled)), seqs(all))
  }
})
