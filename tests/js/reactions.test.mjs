import "./support/browser_receivers.mjs"
import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { test } from "node:test"
import { mostUsed, remember } from "../../static/js/models/frequent_emoji.js"
import { byWhom, labelOf, Reactions } from "../../static/js/models/reactions.js"

const cases = JSON.parse(readFileSync(new URL("./reaction_sentences.json", import.meta.url)))
const people = Array.from({ length: 26 }, (_, number) => `person${number}`)
const by = (username, emoji, count) => ({ emoji, count, user: { username } })
const loaded = (...summary) => {
  const state = new Reactions("me")
  state.load(summary)
  return state
}
const counts = (state) => state.shown().map(({ emoji, count, mine }) => [emoji, count, mine])

test("who reacted is one sentence, the same as the server's", () => {
  for (const { names, count, by: sentence } of cases) assert.equal(byWhom(names, count), sentence)
  assert.equal(labelOf("👍", "Ada", false, true), "👍 by Ada; press to add yours")
  assert.equal(labelOf("👍", "Ada", true, true), "👍 by Ada; press to take yours back")
  assert.equal(labelOf("👍", "Ada", true, false), "👍 by Ada")
})

test("events set the number, keep the order of first use, and take the emoji away at none", () => {
  const state = loaded({ emoji: "👍", count: 1, users: ["ada"] })
  state.receive(by("ben", "🎉", 1), true)
  state.receive(by("me", "👍", 2), true)
  assert.deepEqual(state.shown(), [
    { emoji: "👍", count: 2, users: ["ada", "me"], mine: true },
    { emoji: "🎉", count: 1, users: ["ben"], mine: false },
  ])
  state.receive(by("ben", "🎉", 0), false)
  assert.deepEqual(counts(state), [["👍", 2, true]])
})

test("a press shows at once and is not counted twice when its event comes", () => {
  const state = loaded({ emoji: "👍", count: 1, users: ["ada"] })
  assert.equal(state.press("👍"), true)
  assert.equal(state.press("🎉"), true)
  assert.deepEqual(counts(state), [["👍", 2, true], ["🎉", 1, true]])
  state.receive(by("ben", "👍", 2), true)
  assert.deepEqual(counts(state)[0], ["👍", 3, true])
  state.receive(by("me", "👍", 3), true)
  assert.deepEqual(counts(state)[0], ["👍", 3, true])
  assert.equal(state.wanted("👍"), undefined)
  assert.equal(state.wanted("🎉"), true)
})

test("what is refused goes back, and what is gone with its message isn't shown", () => {
  const state = loaded({ emoji: "👍", count: 1, users: ["me"] })
  assert.equal(state.press("👍"), false)
  assert.deepEqual(counts(state), [])
  state.revert("👍")
  assert.deepEqual(counts(state), [["👍", 1, true]])
  state.press("🎉")
  state.clear()
  assert.deepEqual(counts(state), [])
})

test("pressed again before the first answer, the last press counts", () => {
  const state = loaded()
  assert.deepEqual([state.press("👍"), state.press("👍")], [true, false])
  state.receive(by("me", "👍", 1), true)
  assert.deepEqual(counts(state), [])
  state.receive(by("me", "👍", 0), false)
  assert.equal(state.wanted("👍"), undefined)
})

test("whether one beyond the named is mine is asked once, and kept when the message is told again", () => {
  const crowd = { emoji: "👍", count: 25, users: people.slice(0, 20) }
  const state = loaded(crowd)
  assert.equal(state.unsure, true)
  state.own(["👍"])
  assert.deepEqual([state.unsure, counts(state)], [false, [["👍", 25, true]]])
  state.load([crowd])
  assert.deepEqual([state.unsure, counts(state)], [false, [["👍", 25, true]]])
  state.press("👍")
  assert.deepEqual(counts(state), [["👍", 24, false]])
})

test("where that couldn't be asked, the answer to a press says it, and a repeat isn't counted", () => {
  const state = loaded({ emoji: "👍", count: 25, users: people.slice(0, 20) })
  assert.equal(state.press("👍"), true)
  assert.deepEqual(counts(state), [["👍", 26, true]])
  state.answered("👍", true)
  assert.deepEqual([counts(state), state.wanted("👍")], [[["👍", 25, true]], undefined])
  state.answered("🎉", true)
  assert.equal(state.press("👍"), false)
  state.answered("👍", false)
  assert.deepEqual(counts(state), [["👍", 24, false]])
})

test("a message loaded at any moment agrees with the server after the events that it may have already", () => {
  for (let round = 0; round < 100; round += 1) {
    const server = new Map()
    const events = Array.from({ length: 60 }, () => {
      const user = Math.random() < 0.2 ? "me" : people[Math.floor(Math.random() * people.length)]
      const emoji = "👍🎉👀".match(/./gu)[Math.floor(Math.random() * 3)]
      const users = server.get(emoji) ?? []
      const added = !users.includes(user)
      server.set(emoji, added ? [...users, user] : users.filter((other) => other !== user))
      return { data: by(user, emoji, server.get(emoji).length), added, then: new Map(server) }
    })
    // The page follows the log from `since`, and got the message as it was at `loadedAt` or later.
    const since = Math.floor(Math.random() * 60)
    const loadedAt = since + Math.floor(Math.random() * (60 - since))
    const state = new Reactions("me")
    state.load([...events[loadedAt].then].filter(([, users]) => users.length).map(([emoji, users]) => ({ emoji, count: users.length, users: users.slice(0, 20) })))
    state.own([...events[loadedAt].then].filter(([, users]) => users.includes("me")).map(([emoji]) => emoji))
    for (const { data, added } of events.slice(since)) state.receive(data, added)
    const expected = [...server].filter(([, users]) => users.length).map(([emoji, users]) => [emoji, users.length, users.includes("me")])
    assert.deepEqual(counts(state).sort(), expected.sort())
  }
})

test("the most used come first, of those used alike the newest, and common ones fill the row", () => {
  const used = ["🐛", "🚀", "👍", "🚀", "🐛", "🚀"].reduceRight(remember, [])
  assert.deepEqual(mostUsed(used, ["👍", "❤️", "😂"], 5), ["🚀", "🐛", "👍", "❤️", "😂"])
  assert.deepEqual(mostUsed(used, [], 2), ["🚀", "🐛"])
  assert.equal(Array.from({ length: 500 }).reduce((history) => remember(history, "👍"), []).length, 60)
})
