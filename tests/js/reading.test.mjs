import "./support/browser_receivers.mjs"
import assert from "node:assert/strict"
import { test } from "node:test"
import { Reading, title } from "../../static/js/models/reading.js"

const from = (username, seq) => ({ seq, sender: { username } })

test("what comes is unread until it was on the screen; mine is not", () => {
  const reading = new Reading({ me: "ada", seq: 4 })
  assert.equal(reading.arrived(from("ada", 5)), false)
  assert.equal(reading.arrived(from("bo", 6)), true)
  assert.equal(reading.arrived(from("bo", 7)), false)
  assert.equal(reading.unread, 2)
  assert.equal(reading.saw(4, 7), true)
  assert.equal(reading.read, 7)
})

test("what was passed by is not read", () => {
  const reading = new Reading({ me: "ada", seq: 4, unread: 130 })
  assert.equal(reading.saw(120, 134), false)
  assert.equal(reading.read, 4)
})

test("what was seen in any order is read as soon as there is no gap", () => {
  const reading = new Reading({ me: "ada", seq: 4, unread: 30 })
  reading.saw(24, 34)
  reading.saw(14, 20)
  reading.saw(18, 25)
  assert.equal(reading.read, 4)
  assert.equal(reading.saw(3, 15), true)
  assert.equal(reading.read, 34)
})

test("what another tab has read closes a gap, and a late word takes nothing back", () => {
  const reading = new Reading({ me: "ada", seq: 4, unread: 30 })
  reading.saw(24, 34)
  reading.told({ read_seq: 26, unread: 2 })
  assert.equal(reading.read, 34)
  reading.told({ read_seq: 10, unread: 20 })
  assert.equal(reading.read, 34)
})

test("the title carries the count", () => {
  assert.equal(title("workshop", 0), "workshop")
  assert.equal(title("workshop", 3), "(3) workshop")
  assert.equal(title("workshop", 240), "(99+) workshop")
})
