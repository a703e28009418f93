import assert from "node:assert/strict"
import { test } from "node:test"
import { Crop } from "../../static/js/models/crop.js"

test("the middle of a picture is shown first, as much as a square has", () => {
  assert.deepEqual(new Crop(400, 200, 100).source, { x: 100, y: 0, size: 200 })
  assert.deepEqual(new Crop(200, 400, 100).source, { x: 0, y: 100, size: 200 })
})

test("it is moved by pixels of the view, and never beyond the picture", () => {
  const crop = new Crop(400, 200, 100)
  crop.moveBy(-10, 30)
  assert.deepEqual(crop.source, { x: 120, y: 0, size: 200 })
  crop.moveBy(1000, 0)
  assert.equal(crop.source.x, 0)
  crop.moveBy(-9000, 0)
  assert.equal(crop.source.x, 200)
})

test("what is under the pointer stays there while it is enlarged", () => {
  const crop = new Crop(400, 400, 100)
  crop.zoomBy(2, 25, 75)
  // A quarter from the left and from below, before and after.
  assert.deepEqual(crop.source, { x: 50, y: 150, size: 200 })
})

test("the zoom is bounded, and as far as a slider says", () => {
  const crop = new Crop(400, 400, 100)
  crop.zoomBy(0.1)
  assert.equal(crop.progress, 0)
  crop.zoomTo(0.5)
  assert.ok(Math.abs(crop.progress - 0.5) < 1e-9)
  crop.zoomBy(1000)
  assert.equal(crop.progress, 1)
  assert.equal(crop.size, 50)
})
