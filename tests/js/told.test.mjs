import assert from "node:assert/strict"
import { test } from "node:test"

import { Told } from "../../static/js/models/told.js"

test("what was told of is newer than what was asked before, and older than what is asked after", () => {
  const told = new Told()
  told.note("lobby")
  const first = told.since()
  assert.deepEqual([first("lobby"), first("board")], [false, false])
  told.note("board")
  assert.deepEqual([first("lobby"), first("board"), told.since()("board")], [false, true, false])
})
