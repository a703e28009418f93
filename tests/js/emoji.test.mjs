import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { test } from "node:test"
import { gzipSync } from "node:zlib"
import { isEmojiOnly } from "../../static/js/models/emoji_only.js"
import { EmojiIndex } from "../../static/js/models/emoji_index.js"
import { emojiNameAt, inTone, shortNameFor } from "../../static/js/models/emoji_words.js"

const file = readFileSync(new URL("../../static/vendor/emoji/en.json", import.meta.url))
const index = new EmojiIndex(JSON.parse(file))
const found = (typed, limit) => index.search(typed, limit).map((row) => row.emoji)

test("the names take 150 KB at most, and each emoji has one of its own in a group", () => {
  assert.ok(gzipSync(file).length <= 150 * 1024)
  assert.ok(index.rows.length > 1900)
  assert.equal(index.groups.flatMap(({ rows }) => rows).length, index.rows.length)
  assert.ok(index.rows.every((row) => row.name && row.shortNames[0]))
  assert.ok(index.rows.every((row) => row.tones.length === 0 || row.tones.length === 5))
})

test("emoji are found by the beginnings of their names and of words for them, the best first", () => {
  assert.deepEqual(found("thum", 2), ["👍", "👎"])
  assert.equal(found("Party Popper")[0], "🎉")
  assert.equal(found("tada")[0], "🎉")
  assert.ok(found("celebrat").includes("🎉"))
  assert.equal(found(":heart:")[0], "❤️")
  assert.ok(found("côte d").includes("🇨🇮"), "accents don't matter")
  assert.deepEqual(found("heart zzz"), [])
  assert.deepEqual(found("  "), [])
})

test("a short name is completed from its beginning", () => {
  const complete = (typed) => index.complete(typed, 6).map((row) => row.emoji)
  assert.equal(complete("tad")[0], "🎉")
  assert.equal(complete("+1")[0], "👍")
  assert.equal(complete("SMILE")[0], "😄")
  assert.equal(complete("zzzz").length, 0)
  assert.equal(shortNameFor(index.byEmoji.get("👍"), "thumb"), "thumbsup")
  assert.equal(shortNameFor(index.byEmoji.get("👍"), "up"), "+1")
})

test("the name being typed begins with a colon that stands for itself", () => {
  assert.deepEqual(emojiNameAt("well :ta", 8), { start: 5, query: "ta" })
  assert.deepEqual(emojiNameAt(":+1", 3), { start: 0, query: "+1" })
  assert.deepEqual(emojiNameAt("(:smile", 7), { start: 1, query: "smile" })
  for (const text of ["12:30", "https://example.org", "a::b", "note:well", ":t", "well :ta da"]) assert.equal(emojiNameAt(text, text.length), null, text)
})

test("an emoji in a skin tone is another one, and found again", () => {
  const wave = index.byEmoji.get("👋")
  assert.equal(inTone(wave, 0), "👋")
  assert.equal(inTone(wave, 5), "👋🏿")
  assert.equal(inTone(index.byEmoji.get("🎉"), 5), "🎉")
  assert.equal(index.byEmoji.get("👋🏿"), wave)
})

test("what the device can't draw is left out", () => {
  const older = new EmojiIndex(JSON.parse(file), 14)
  assert.ok(older.rows.length < index.rows.length)
  assert.ok(older.rows.every((row) => row.version <= 14))
})

test("up to three emoji and nothing else are shown large", () => {
  for (const text of ["🎉", "👍🏽 ❤️🇳🇱", "#️⃣", "👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦"]) assert.ok(isEmojiOnly(text), text)
  for (const text of ["", "🎉🎉🎉🎉", "1", "🎉 done", "❤", " ", " ".repeat(100000)]) assert.ok(!isEmojiOnly(text), text.slice(0, 20))
})

test("the site's own come first, are found by their names, and can be taken again", () => {
  const own = new EmojiIndex(JSON.parse(file))
  own.takeOwn([{ name: "laser_cat", url: "/emoji/laser_cat/1" }])
  assert.equal(own.groups[0].name, "this site")
  assert.deepEqual(own.search("cat las", 1).map((row) => row.url), ["/emoji/laser_cat/1"])
  assert.equal(own.complete("laser_c", 3)[0].emoji, ":laser_cat:")
  assert.equal(inTone(own.byEmoji.get(":laser_cat:"), 3), ":laser_cat:")
  own.takeOwn([])
  assert.equal(own.rows.length, index.rows.length)
  assert.equal(own.groups.length, index.groups.length)
})
