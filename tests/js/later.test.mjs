import assert from "node:assert/strict"
import { test } from "node:test"
import { fieldValue, offers } from "../../static/js/models/later.js"

const at = (names, ...now) => offers(names, new Date(...now)).map((offer) => fieldValue(offer.at))

test("times are offered in the device's own zone", () => {
  assert.deepEqual(at(["20m", "1h"], 2026, 10, 29, 23, 50), ["2026-11-30T00:10", "2026-11-30T00:50"])
  assert.deepEqual(at(["tomorrow"], 2026, 11, 31, 8), ["2027-01-01T09:00"])
})

test("Monday is the next one, and never today", () => {
  // 29 November 2026 is a Sunday.
  for (const [day, monday] of [[29, "30"], [28, "30"], [24, "30"]]) assert.deepEqual(at(["monday"], 2026, 10, day, 12), [`2026-11-${monday}T09:00`])
  assert.deepEqual(at(["monday"], 2026, 10, 30, 1), ["2026-12-07T09:00"])
})
