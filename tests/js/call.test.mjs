import assert from "node:assert/strict"
import test from "node:test"
import { callIn } from "../../static/js/models/call.js"

test("a call is read as the server reads it", () => {
  for (const [text, call] of [
    ["@room", "room"], ["hello @here!", "here"], ["＠room", "room"], ["@ROOM", "room"], ["今日@room", "room"], ["@room.", "room"],
    ["@rooms", null], ["mail@room", null], ["`@room`", null], ["```\n@room\n```", null], ["room", null], ["@ room", null], ["@room@x", null],
  ]) assert.equal(callIn(text), call, text)
})
