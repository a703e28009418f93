import "./support/browser_receivers.mjs"
import assert from "node:assert/strict"
import { test } from "node:test"
import { MemberCount } from "../../static/js/models/member_count.js"

const listed = { here: 2, away: 3 }

test("a small room is counted by its lists", () => {
  const count = new MemberCount(5)
  assert.deepEqual(count.counts(listed), listed)
  count.joined({ online: ["ada"], room: { members: 5, online: 1 } })
  assert.equal(count.large, false)
  assert.deepEqual(count.counts(listed), listed)
})

test("a large room is counted by the server", () => {
  const count = new MemberCount(5)
  count.joined({ online: [], room: { members: 900, online: 250 } })
  assert.equal(count.large, true)
  assert.deepEqual(count.counts(listed), { here: 250, away: 650 })
  count.online = 251
  count.members += 1
  assert.deepEqual(count.counts(listed), { here: 251, away: 650 })
})

test("there are never more here than there are members", () => {
  const count = new MemberCount(5)
  count.joined({ online: [], room: { members: 300, online: 299 } })
  count.members -= 2
  assert.deepEqual(count.counts(listed), { here: 298, away: 0 })
})

test("a room that has shrunk is counted by its lists again", () => {
  const count = new MemberCount(201)
  count.joined({ online: [], room: { members: 201, online: 7 } })
  count.joined({ online: ["ada"], room: { members: 200, online: 1 } })
  assert.deepEqual(count.counts(listed), listed)
})
