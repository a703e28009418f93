import "./support/browser_receivers.mjs"
import assert from "node:assert/strict"
import { test } from "node:test"
import { dayOf, placement, untilMidnight } from "../../static/js/models/timeline.js"

const message = (user, at, reply = false) => ({ user, at, reply })

test("the first message begins a day", () => {
  const at = "2026-11-23T10:00:00.000Z"
  assert.deepEqual(placement(null, message("ada", at)), { day: dayOf(at), continued: false })
})

test("the same person within five minutes goes on under one header", () => {
  const above = message("ada", "2026-11-23T10:00:00.000Z")
  assert.equal(placement(above, message("ada", "2026-11-23T10:04:59.000Z")).continued, true)
  assert.equal(placement(above, message("ada", "2026-11-23T10:05:00.000Z")).continued, false)
  assert.equal(placement(above, message("bo", "2026-11-23T10:01:00.000Z")).continued, false)
})

test("a reply and a message under the New line have their own header", () => {
  const above = message("ada", "2026-11-23T10:00:00.000Z")
  const next = message("ada", "2026-11-23T10:01:00.000Z")
  assert.equal(placement(above, { ...next, reply: true }).continued, false)
  assert.equal(placement(above, next, true).continued, false)
})

test("a new day breaks the group", () => {
  const above = message("ada", "2026-11-23T10:00:00.000Z")
  const next = placement(above, message("ada", "2026-11-25T10:00:00.000Z"))
  assert.equal(next.day, "2026-11-25")
  assert.equal(next.continued, false)
})

test("a page waits for the reader's midnight, and a moment more", () => {
  assert.equal(untilMidnight(new Date(2026, 10, 23, 23, 59, 59)), 2000)
  assert.equal(untilMidnight(new Date(2026, 11, 31, 0, 0, 0)), 24 * 60 * 60 * 1000 + 1000)
})
