import assert from "node:assert/strict"
import test from "node:test"
import { Activity } from "../../static/js/models/activity.js"

const MINUTE = 60_000

/** A page with a clock of its own: `pass(ms)` runs the timers that are due meanwhile. */
function page() {
  let time = 0
  let timers = []
  const reports = []
  const schedule = (func, delay) => timers.push({ func, at: time + delay })
  const activity = new Activity({ report: (active) => reports.push(active), now: () => time, schedule })
  const pass = (ms) => {
    const end = time + ms
    for (let due; (due = timers.filter(({ at }) => at <= end).sort((one, other) => one.at - other.at)[0]); ) {
      timers = timers.filter((timer) => timer !== due)
      time = due.at
      due.func()
    }
    time = end
  }
  return { activity, pass, reports, timers: () => timers.length }
}

test("a page is idle after ten minutes without input, once", () => {
  const { activity, pass, reports } = page()
  pass(9 * MINUTE)
  activity.input()
  pass(9 * MINUTE)
  assert.deepEqual(reports, [])
  pass(MINUTE)
  assert.deepEqual(reports, [false])
  pass(60 * MINUTE)
  assert.deepEqual(reports, [false])
})

test("input makes it active at once, and it can become idle again", () => {
  const { activity, pass, reports } = page()
  pass(10 * MINUTE)
  activity.input()
  activity.input()
  assert.deepEqual(reports, [false, true])
  pass(11 * MINUTE)
  assert.deepEqual(reports, [false, true, false])
})

test("a new connection is told of an idle page, and of no other", () => {
  const { activity, pass, reports } = page()
  activity.connected()
  pass(10 * MINUTE)
  activity.connected()
  assert.deepEqual(reports, [false, false])
})

test("there is one timer, however much input there is", () => {
  const { activity, pass, timers } = page()
  for (let second = 0; second < 1000; second += 1) {
    activity.input()
    pass(1000)
  }
  assert.equal(timers(), 1)
})
