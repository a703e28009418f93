import "./support/browser_receivers.mjs"
import assert from "node:assert/strict"
import { test } from "node:test"
import { Reading, title } from "../../static/js/models/reading.js"

const from = (username, seq) => ({ seq, sender: { username } })

test("what comes while I look is not unread", () => {
  const reading = new Reading({ me: "ada", seq: 4 })
  assert.equal(reading.arrived(from("bo", 5), true), false)
  assert.equal(reading.unread, 0)
})

test("the first of others' messages while I am away is where New stands", () => {
  const reading = new Reading({ me: "ada", seq: 4 })
  assert.equal(reading.arrived(from("ada", 5), false), false)
  assert.equal(reading.arrived(from("bo", 6), false), true)
  assert.equal(reading.arrived(from("bo", 7), false), false)
  assert.equal(reading.unread, 2)
})

test("a place is told once, and never back", () => {
  const reading = new Reading({ me: "ada", seq: 4 })
  assert.equal(reading.seen(7), 7)
  assert.equal(reading.seen(7), null)
  assert.equal(reading.seen(5), null)
  assert.equal(reading.read, 7)
})

test("the title carries the count", () => {
  assert.equal(title("workshop", 0), "workshop")
  assert.equal(title("workshop", 3), "(3) workshop")
  assert.equal(title("workshop", 240), "(99+) workshop")
})
