import "./support/browser_receivers.mjs"
import assert from "node:assert/strict"
import { test } from "node:test"
import { sentence, Typists, TypingSignal } from "../../static/js/models/typing.js"

test("the sentence names one or two, and counts more", () => {
  assert.equal(sentence([]), "")
  assert.equal(sentence(["Ada"]), "Ada is typing…")
  assert.equal(sentence(["Ada", "Bo"]), "Ada and Bo are typing…")
  assert.equal(sentence(["Ada", "Bo", "Cy"]), "3 people are typing…")
})

test("typing ends by itself after six seconds, or when told", () => {
  let clock = 0
  const typists = new Typists({ now: () => clock })
  typists.note("ada", true)
  typists.note("bo", true)
  typists.note("bo", false)
  assert.deepEqual(typists.current(), ["ada"])
  clock = 6000
  assert.deepEqual(typists.current(), [])
})

test("my typing is told at the first stroke, every three seconds, and at its end", () => {
  let clock = 10_000
  const told = []
  const signal = new TypingSignal({ tell: (typing) => told.push(typing), now: () => clock })
  signal.typed("h")
  signal.typed("he")
  assert.deepEqual(told, [true])
  clock += 3000
  signal.typed("hel")
  assert.deepEqual(told, [true, true])
  signal.typed("")
  signal.typed("")
  assert.deepEqual(told, [true, true, false])
  signal.typed("x")
  signal.sent()
  signal.ended()
  assert.deepEqual(told, [true, true, false, true])
})
