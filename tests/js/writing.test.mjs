import "./support/browser_receivers.mjs"
import assert from "node:assert/strict"
import { test } from "node:test"
import { Drafts } from "../../static/js/models/drafts.js"
import { format } from "../../static/js/models/formatting.js"
import { candidates, complete, mentionAt } from "../../static/js/models/mention.js"

test("the mention being typed is found at the caret, and not inside a word", () => {
  assert.deepEqual(mentionAt("hi @ad", 6), { start: 3, query: "ad" })
  assert.deepEqual(mentionAt("@", 1), { start: 0, query: "" })
  assert.equal(mentionAt("mail me@ad", 10), null)
  assert.equal(mentionAt("hi @ada there", 13), null)
})

test("candidates match by either name; those who are here come first", () => {
  const people = [
    { username: "mira", display_name: "Mira Okafor", online: false },
    { username: "bo", display_name: "Milo Bø", online: true },
    { username: "tomas", display_name: "Tomás Lima", online: true },
  ]
  assert.deepEqual(candidates(people, "mi").map((person) => person.username), ["bo", "mira"])
  assert.deepEqual(candidates(people, "toma").map((person) => person.username), ["tomas"])
  assert.deepEqual(candidates(people, "lim").map((person) => person.username), ["tomas"])
})

test("a completed mention is followed by one space", () => {
  const done = complete("hi @ad and you", 6, { start: 3, query: "ad" }, "ada")
  assert.deepEqual(done, { text: "hi @ada and you", caret: 8 })
})

test("formats go around the selection and come off again", () => {
  const bold = format("bold", "make it so", 5, 7)
  assert.deepEqual(bold, { text: "make **it** so", start: 7, end: 9 })
  assert.deepEqual(format("bold", bold.text, bold.start, bold.end), { text: "make it so", start: 5, end: 7 })
})

test("quotes and lists stand before each line", () => {
  assert.equal(format("quote", "one\ntwo", 0, 7).text, "> one\n> two")
  assert.equal(format("list", "- one\n- two", 0, 11).text, "one\ntwo")
})

test("a code block stands on its own lines, a link waits for its address", () => {
  assert.equal(format("block", "see x = 1", 4, 9).text, "see \n```\nx = 1\n```")
  const link = format("link", "the notes", 4, 9)
  assert.equal(link.text, "the [notes](https://)")
  assert.equal(link.text.slice(0, link.start), "the [notes](https://")
})

test("drafts are kept by person and room; an empty one is none", () => {
  const kept = new Map()
  const store = {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => kept.set(key, value),
    removeItem: (key) => kept.delete(key),
  }
  const drafts = new Drafts(store, "ada")
  drafts.set("general", "half a thought")
  assert.equal(drafts.get("general"), "half a thought")
  assert.equal(new Drafts(store, "bo").get("general"), "")
  drafts.set("general", "  ")
  assert.equal(kept.size, 0)
})
