import "./support/browser_receivers.mjs"
import assert from "node:assert/strict"
import { readFileSync } from "node:fs"
import { test } from "node:test"
import { fileViews, gistOf, sizeInWords, spokenLine } from "../../static/js/models/file_views.js"
import { picturesIn } from "../../static/js/models/rtf_pictures.js"
import { refusalOf } from "../../static/js/models/upload_queue.js"
import { swipeOf, Zoom } from "../../static/js/models/zoom.js"

const { views, sizes } = JSON.parse(readFileSync(new URL("./file_views.json", import.meta.url)))

for (const { name, files, views: expected } of views) {
  test(`what a page shows of files is the same as the server's: ${name}`, () => assert.deepEqual(fileViews(files), expected))
}

test("sizes and the line of a message without text, too", () => {
  for (const [size, words] of sizes) assert.equal(sizeInWords(size), words)
  assert.equal(gistOf({ body: "\n  first \nsecond", files: [{ name: "a.pdf" }] }), "first")
  assert.equal(gistOf({ body: "", files: [{ name: "a.pdf" }, { name: "b.pdf" }] }), "a.pdf")
  assert.equal(gistOf({ body: "", files: [], forwarded: { body: "told" } }), "told")
  assert.equal(gistOf({ body: "" }), "")
})

test("a screen reader hears what pictures show", () => {
  const files = [{ kind: "picture", alt: "a lathe", name: "1.jpg" }, { kind: "document", alt: "", name: "plan.pdf" }]
  assert.equal(spokenLine("Look", files), "Look, picture a lathe, file plan.pdf")
  assert.equal(spokenLine("", Array(5).fill(files[1])), "file plan.pdf, file plan.pdf, file plan.pdf, and 2 more")
  assert.equal(spokenLine("Hello"), "Hello")
})

test("what is too large, or of a kind that the site doesn't take, is known before it is sent", () => {
  const limits = { size: 100, kinds: ["picture"] }
  assert.equal(refusalOf({ size: 101, type: "image/png" }, limits, sizeInWords).detail, "It is larger than 100 B.")
  assert.equal(refusalOf({ size: 100, type: "video/mp4" }, limits, sizeInWords).code, "unsupported_type")
  assert.equal(refusalOf({ size: 100, type: "image/png" }, limits, sizeInWords), null)
  // What a browser doesn't know is for the server to say.
  assert.equal(refusalOf({ size: 100, type: "" }, limits, sizeInWords), null)
  assert.equal(refusalOf({ size: 1e12, type: "" }, { size: 0, kinds: [] }, sizeInWords), null)
})

const PNG = "89504e470d0a1a0a"
const JPEG = "ffd8ffe000104a46"

test("pictures of a text out of Word are found, whole and in their order", () => {
  const rtf = `{\\rtf1\\ansi Some text {\\*\\shppict{\\pict{\\*\\picprop\\shplid1025{\\sp{\\sn a}{\\sv 1}}}\\picw10\\pngblip\\bliptag-1{\\*\\blipuid 0011}\n${PNG.slice(0, 8)}\n${PNG.slice(8)}}}
    {\\nonshppict{\\pict\\wmetafile8 0100090000}} more {\\pict\\jpegblip\\picscalex50\r\n${JPEG.toUpperCase()}}}`
  const found = picturesIn(rtf)
  assert.deepEqual(found.map(({ type, bytes }) => [type, Buffer.from(bytes).toString("hex")]), [["image/png", PNG], ["image/jpeg", JPEG]])
})

/** The processor's, whatever else the machine does. */
const milliseconds = () => process.cpuUsage().user / 1000

test("what only looks like such a text gives none, and in no long time", () => {
  for (const rtf of ["", "\\pngblip 89504e47", "{\\rtf1 {\\pict\\pngblip 89504e47", "{\\rtf1 {\\pict\\pngblip ffd8ff}}", "{\\rtf1 {\\pict\\pngblip 89504e470}}"]) {
    assert.deepEqual(picturesIn(rtf), [])
  }
  assert.equal(picturesIn(`{\\rtf1 ${`{\\pict\\pngblip ${PNG}}`.repeat(50)}}`).length, 10)
  const started = milliseconds()
  picturesIn(`{\\rtf1 {\\pict\\pngblip ${"{a}".repeat(50_000)}`)
  const once = milliseconds() - started
  picturesIn(`{\\rtf1 {\\pict\\pngblip ${"{a}".repeat(200_000)}`)
  assert.ok(milliseconds() - started - once < 40 * Math.max(once, 5), "the time grew faster than the text")
})

const [picture, stage] = [{ width: 400, height: 200 }, { width: 400, height: 400 }]

test("a picture is zoomed where one points, and no edge of it leaves the stage's", () => {
  const zoom = new Zoom()
  zoom.by(2, { x: 100, y: 0 }, picture, stage)
  assert.deepEqual([zoom.scale, zoom.x, zoom.y], [2, -100, 0])
  zoom.pan(-500, 50, picture, stage)
  // As high as the stage, it moves across alone.
  assert.deepEqual([zoom.x, zoom.y], [-200, 0])
  zoom.by(100, { x: 0, y: 0 }, picture, stage)
  assert.equal(zoom.scale, 8)
  zoom.by(1 / 8, { x: 0, y: 0 }, picture, stage)
  assert.deepEqual([zoom.zoomed, zoom.x, zoom.y], [false, 0, 0])
  zoom.pan(30, 50, picture, stage)
  assert.deepEqual([zoom.x, zoom.y], [0, 0])
  zoom.by(0.5, { x: 50, y: 0 }, picture, stage)
  assert.equal(zoom.scale, 1)
})

test("a swipe goes on, back or away, by the way of reading", () => {
  assert.equal(swipeOf(-80, 10), "next")
  assert.equal(swipeOf(80, -10), "previous")
  assert.equal(swipeOf(80, 10, true), "next")
  assert.equal(swipeOf(5, 90), "close")
  for (const [dx, dy] of [[30, 0], [70, 60], [0, -90], [0, 0]]) assert.equal(swipeOf(dx, dy), null)
})
