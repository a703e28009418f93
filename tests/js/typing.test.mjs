import "./support/browser_receivers.mjs"
import assert from "node:assert/strict"
import { test } from "node:test"
import { TypingNotifier, TypingUsers, typingSentence } from "../../static/js/models/typing.js"

test("the sentence names one or two, and counts more", () => {
  assert.equal(typingSentence([]), "")
  assert.equal(typingSentence(["Ada"]), "Ada is typing…")
  assert.equal(typingSentence(["Ada", "Bo"]), "Ada and Bo are typing…")
  assert.equal(typingSentence(["Ada", "Bo", "Cy"]), "3 people are typing…")
})

test("typing ends by itself after six seconds, or when told", () => {
  let clock = 0
  const typingUsers = new TypingUsers({ now: () => clock })
  typingUsers.set("ada", true)
  typingUsers.set("bo", true)
  typingUsers.set("bo", false)
  assert.deepEqual(typingUsers.current(), ["ada"])
  clock = 6000
  assert.deepEqual(typingUsers.current(), [])
})

test("my typing is reported at the first stroke, every three seconds, and at its end", () => {
  // A page that was opened at this moment.
  let clock = 0
  const sent = []
  const notifier = new TypingNotifier({ send: (typing) => sent.push(typing), now: () => clock })
  notifier.input("h")
  notifier.input("he")
  assert.deepEqual(sent, [true])
  clock += 3000
  notifier.input("hel")
  assert.deepEqual(sent, [true, true])
  notifier.input("")
  notifier.input("")
  assert.deepEqual(sent, [true, true, false])
  notifier.input("x")
  notifier.reset()
  notifier.end()
  assert.deepEqual(sent, [true, true, false, true])
})
