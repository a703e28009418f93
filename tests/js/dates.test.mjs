import assert from "node:assert/strict"
import { test } from "node:test"
import { formatBriefDate, formatShortDate, formatTime } from "../../static/js/lib/page/dates.js"

const now = new Date(2026, 10, 29, 10, 30)

test("a moment of today is its time alone", () => {
  const moment = new Date(2026, 10, 29, 0, 5)
  assert.equal(formatBriefDate(moment, now), formatTime(moment))
})

test("a day of this year is without it, and one of another year has it", () => {
  assert.doesNotMatch(formatBriefDate(new Date(2026, 10, 28, 23, 59), now), /2026/)
  const before = new Date(2025, 11, 31, 23, 59)
  assert.equal(formatBriefDate(before, now), formatShortDate(before))
  assert.match(formatBriefDate(before, now), /2025/)
})
