import "./support/browser_receivers.mjs"
import assert from "node:assert/strict"
import { test } from "node:test"
import { readFileSync } from "node:fs"
import { fold } from "../../static/js/models/fold.js"
import { rank, score } from "../../static/js/models/name_match.js"

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

const alike = JSON.parse(readFileSync(new URL("./alike.json", import.meta.url)))

for (const [name, asked] of alike.same) {
  test(`${asked} finds ${name}, and the other way round`, () => {
    assert.equal(fold(name), fold(asked))
    assert.equal(score(name, asked), 3)
    assert.equal(score(asked, name), 3)
  })
}

for (const [name, asked] of alike.other) {
  test(`${asked} doesn't find ${name}`, () => assert.equal(score(name, asked), 0))
}
