import "./support/browser_receivers.mjs"
import assert from "node:assert/strict"
import { test } from "node:test"
import { Transports } from "../../static/js/models/transports.js"

const settled = () => new Promise((resolve) => setImmediate(resolve))

function open(opens) {
  const timers = []
  const uses = []
  const probe = async () => opens.shift()
  const transports = new Transports({ probe, use: (order) => uses.push(order[0]), schedule: (run, after) => timers.push({ run, after }) })
  return { transports, timers, uses }
}

test("the first opening that isn't answered turns to polling, and further ones change nothing", () => {
  const { transports, timers, uses } = open([])
  transports.timedOut()
  transports.timedOut()
  assert.deepEqual(uses, ["polling"])
  assert.equal(timers.length, 1)
})

test("a websocket is tried ever later, and used again when one opens", async () => {
  const { transports, timers, uses } = open([false, false, false, false, false, true, false])
  transports.timedOut()
  for (let round = 0; round < 6; round += 1) {
    timers[round].run()
    await settled()
  }
  assert.deepEqual(timers.map((timer) => timer.after / 1000), [60, 120, 240, 480, 600, 600])
  assert.deepEqual(uses, ["polling", "websocket"])
  transports.timedOut()
  assert.deepEqual(uses, ["polling", "websocket", "polling"])
  assert.equal(timers.at(-1).after / 1000, 60)
})

test("a page that knows of it begins with polling, and tries as well", async () => {
  const timers = []
  const uses = []
  const transports = new Transports({ probe: async () => true, use: (order) => uses.push(order[0]), fallenBack: true, schedule: (run) => timers.push(run) })
  assert.equal(transports.order[0], "polling")
  timers[0]()
  await settled()
  assert.deepEqual(uses, ["websocket"])
})
