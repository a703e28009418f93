import assert from "node:assert/strict"
import test from "node:test"
import { Alerts, SOUNDS, titleOf } from "../../static/js/models/alerts.js"

const at = (ms) => new Date(ms).toISOString()

test("each message alerts once, and an old one not at all", () => {
  const alerts = new Alerts()
  assert.equal(alerts.accept({ room: "a", message_seq: 5, at: at(1000) }, 2000), true)
  assert.equal(alerts.accept({ room: "a", message_seq: 5, at: at(1000) }, 2000), false)
  assert.equal(alerts.accept({ room: "a", message_seq: 4, at: at(1000) }, 2000), false)
  assert.equal(alerts.accept({ room: "b", message_seq: 4, at: at(1000) }, 2000), true)
  assert.equal(alerts.accept({ room: "a", message_seq: 6, at: at(1000) }, 62_000), false)
})

test("what was read on whichever device alerts no more, until it is unread again", () => {
  const alerts = new Alerts()
  assert.equal(alerts.isRead({ room: "a", message_seq: 1 }), false)
  alerts.noteRead({ room: "a", read_seq: 5 })
  assert.deepEqual([5, 6].map((seq) => alerts.isRead({ room: "a", message_seq: seq })), [true, false])
  assert.equal(alerts.isRead({ room: "b", message_seq: 5 }), false)
  alerts.noteRead({ room: "a", read_seq: 3 })
  assert.equal(alerts.isRead({ room: "a", message_seq: 5 }), false)
})

test("the title says who, and where unless it is a direct conversation", () => {
  const user = { display_name: "Ada" }
  assert.equal(titleOf({ user, room_name: "Workshop" }), "Ada · #Workshop")
  assert.equal(titleOf({ user, room_name: "" }), "Ada")
})

test("there is a silent choice, and notes are hertz and seconds", () => {
  assert.deepEqual(SOUNDS.none, [])
  for (const notes of Object.values(SOUNDS)) for (const [hertz, start] of notes) assert.ok(hertz > 100 && start < 1)
})
