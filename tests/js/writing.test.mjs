import "./support/browser_receivers.mjs"
import assert from "node:assert/strict"
import { test } from "node:test"
import { Draft } from "../../static/js/models/draft.js"
import { format } from "../../static/js/models/formatting.js"
import { completeMention, mentionAt, mentionCandidates } from "../../static/js/models/mention.js"
import { countCharacters, lengthError } from "../../static/js/models/message_length.js"

test("the mention being typed is found at the caret, and not inside a word", () => {
  assert.deepEqual(mentionAt("hi @ad", 6), { start: 3, query: "ad" })
  assert.deepEqual(mentionAt("@", 1), { start: 0, query: "" })
  assert.equal(mentionAt("mail me@ad", 10), null)
  assert.equal(mentionAt("@@ad", 4), null)
  assert.deepEqual(mentionAt("ありがとう@mi", 8), { start: 5, query: "mi" })
  assert.deepEqual(mentionAt("「\uff20bo", 4), { start: 1, query: "bo" })
  assert.deepEqual(mentionAt(`${"x ".repeat(50)}"@ad`, 104), { start: 101, query: "ad" })
  assert.equal(mentionAt(`${"x".repeat(50)}@${"a".repeat(33)}`, 84), null)
  assert.equal(mentionAt("hi @ada there", 13), null)
  assert.deepEqual(mentionAt("hi @tomá", 8), { start: 3, query: "tomá" })
})

test("candidates match by either name; those who are here come first", () => {
  const people = [
    { username: "mira", display_name: "Mira Okafor", online: false },
    { username: "bo", display_name: "Milo Bø", online: true },
    { username: "tomas", display_name: "Tomás Lima", online: true },
  ]
  assert.deepEqual(mentionCandidates(people, "mi").map((person) => person.username), ["bo", "mira"])
  assert.deepEqual(mentionCandidates(people, "toma").map((person) => person.username), ["tomas"])
  assert.deepEqual(mentionCandidates(people, "lim").map((person) => person.username), ["tomas"])
  assert.deepEqual(mentionCandidates(people, "tomá").map((person) => person.username), ["tomas"])
})

test("a completed mention is followed by one space", () => {
  const done = completeMention("hi @ad and you", 6, { start: 3, query: "ad" }, "ada")
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

function store() {
  const kept = new Map()
  return {
    kept,
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => kept.set(key, value),
    removeItem: (key) => kept.delete(key),
  }
}

const quote = { id: 7, sender: { display_name: "Bo" }, body: "Is it?" }

test("a draft is kept by person and room; an empty one is none", () => {
  const shared = store()
  const draft = new Draft(shared, "ada", "general")
  draft.setText("half a thought")
  assert.equal(new Draft(shared, "ada", "general").text, "half a thought")
  assert.equal(new Draft(shared, "bo", "general").text, "")
  assert.equal(new Draft(shared, "ada", "board").text, "")
  draft.setText("  ")
  assert.equal(shared.kept.size, 0)
})

test("an answer and an edit are kept with their text, and the message that was begun waits below the edit", () => {
  const shared = store()
  const draft = new Draft(shared, "ada", "general")
  draft.setText("yes, it")
  draft.replyTo(quote)
  draft.startEdit(3, "as it was")
  draft.setText("as it should be")
  const again = new Draft(shared, "ada", "general")
  assert.deepEqual([again.text, again.edit.id, again.reply], ["as it should be", 3, quote])
  again.cancel()
  assert.deepEqual([again.text, again.edit, again.reply], ["yes, it", null, quote])
  again.cancel()
  assert.deepEqual([again.text, again.reply], ["yes, it", null])
})

test("what one tab sends is gone in the other", () => {
  const shared = store()
  const [one, other] = [new Draft(shared, "ada", "general"), new Draft(shared, "ada", "general")]
  one.setText("hello")
  one.replyTo(quote)
  other.load()
  assert.deepEqual([other.text, other.reply], ["hello", quote])
  other.clear()
  one.load()
  assert.deepEqual([one.text, one.reply], ["", null])
  assert.equal(shared.kept.size, 0)
})

test("a refused message goes back before what was begun since", () => {
  const draft = new Draft(store(), "ada", "general")
  draft.restore({ body: "too long", quote })
  assert.deepEqual([draft.text, draft.reply], ["too long", quote])
  draft.restore({ body: "earlier", quote: null })
  assert.deepEqual([draft.text, draft.reply], ["earlier\ntoo long", quote])
})

test("a draft of an older page was a bare text", () => {
  for (const text of ["half a thought", "123", "{", '"quoted"', "null"]) {
    const shared = store()
    shared.setItem("draft:ada:general", text)
    assert.equal(new Draft(shared, "ada", "general").text, text)
  }
})

test("a length is counted as the server counts it", () => {
  assert.equal(countCharacters("a👍🏽\n"), 4)
  assert.equal(lengthError("👍".repeat(10), 10), "")
  assert.match(lengthError("👍".repeat(12), 10), /^12 characters are 2 too many/)
  assert.match(lengthError("x".repeat(10_250), 10_000), /^10,250 characters are 250 too many/)
})
