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
