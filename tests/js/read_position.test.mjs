import "./support/browser_receivers.mjs"
import assert from "node:assert/strict"
import { test } from "node:test"
import { ReadPosition } from "../../static/js/models/read_position.js"
import { titleWithCount } from "../../static/js/models/title.js"

const from = (username, seq) => ({ seq, sender: { username } })

test("what comes is unread until it was on the screen; mine is not", () => {
  const position = new ReadPosition({ me: "ada", seq: 4 })
  assert.equal(position.receive(from("ada", 5)), false)
  assert.equal(position.receive(from("bo", 6)), true)
  assert.equal(position.receive(from("bo", 7)), false)
  assert.equal(position.unread, 2)
  assert.equal(position.markSeen(4, 7), true)
  assert.equal(position.read, 7)
})

test("what was passed by is not read", () => {
  const position = new ReadPosition({ me: "ada", seq: 4, unread: 130 })
  assert.equal(position.markSeen(120, 134), false)
  assert.equal(position.read, 4)
})

test("what was seen in any order is read as soon as there is no gap", () => {
  const position = new ReadPosition({ me: "ada", seq: 4, unread: 30 })
  position.markSeen(24, 34)
  position.markSeen(14, 20)
  position.markSeen(18, 25)
  assert.equal(position.read, 4)
  assert.equal(position.markSeen(3, 15), true)
  assert.equal(position.read, 34)
})

test("what another tab has read closes a gap, and a late word takes nothing back", () => {
  const position = new ReadPosition({ me: "ada", seq: 4, unread: 30 })
  position.markSeen(24, 34)
  position.applyServer({ read_seq: 26, unread: 2 })
  assert.equal(position.read, 34)
  position.applyServer({ read_seq: 10, unread: 20 })
  assert.equal(position.read, 34)
})

test("the title carries the count", () => {
  assert.equal(titleWithCount("workshop", 0), "workshop")
  assert.equal(titleWithCount("workshop", 3), "(3) workshop")
  assert.equal(titleWithCount("workshop", 240), "(99+) workshop")
})

test("what was moved back stays unread on the screen until the reader scrolls on", () => {
  const position = new ReadPosition({ me: "ada", seq: 34 })
  assert.equal(position.applyServer({ read_seq: 20, read_version: 1, unread: 12 }), true)
  assert.deepEqual([position.read, position.unread, position.held], [20, 12, true])
  assert.equal(position.markSeen(10, 34), false)
  assert.equal(position.receive(from("bo", 35)), false)
  assert.equal(position.unread, 13)
  position.release()
  assert.equal(position.markSeen(10, 35), true)
  assert.equal(position.read, 35)
})

test("a word of before the position moved back is ignored, and so is what was seen before", () => {
  const position = new ReadPosition({ me: "ada", seq: 4, unread: 30 })
  position.markSeen(24, 34)
  position.applyServer({ read_seq: 2, read_version: 3, unread: 31 })
  assert.equal(position.applyServer({ read_seq: 34, read_version: 2, unread: 0 }), false)
  assert.deepEqual([position.read, position.unread], [2, 31])
  position.release()
  position.markSeen(1, 25)
  assert.equal(position.read, 25)
})

test("who reads on elsewhere ends what was kept unread here", () => {
  const position = new ReadPosition({ me: "ada", seq: 34 })
  position.applyServer({ read_seq: 20, read_version: 1, unread: 12 })
  position.applyServer({ read_seq: 20, read_version: 1, unread: 12 })
  assert.equal(position.held, true)
  assert.equal(position.applyServer({ read_seq: 30, read_version: 1, unread: 3 }), false)
  assert.deepEqual([position.read, position.held], [30, false])
})
