import "./support/browser_receivers.mjs"
import assert from "node:assert/strict"
import { test } from "node:test"
import { rank, score } from "../../static/js/models/jump.js"

const names = (items) => items.map((item) => item.name)

test("a name's beginning is better than a word's, and that than the middle", () => {
  assert.equal(score("workshop", "work"), 3)
  assert.equal(score("3d-printing", "print"), 2)
  assert.equal(score("lost-and-found", "oun"), 1)
  assert.equal(score("general", "x"), 0)
})

test("accents, case and the # in front don't matter", () => {
  assert.equal(score("Tomás Lima", "TOMAS"), 3)
  assert.equal(score("general", "#gen"), 3)
  assert.equal(score("a (b)", "(b"), 2)
})

test("equal answers: mentions before unread before quiet", () => {
  const items = [{ name: "aa" }, { name: "ab", unread: 2 }, { name: "ac", unread: 1, mentions: 1 }]
  assert.deepEqual(names(rank(items, "a")), ["ac", "ab", "aa"])
  assert.deepEqual(names(rank(items, "ab")), ["ab"])
  assert.equal(rank(items, "").length, 3)
})
