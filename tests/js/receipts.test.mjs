import "./support/browser_receivers.mjs"
import assert from "node:assert/strict"
import { test } from "node:test"
import { Receipts } from "../../static/js/models/receipts.js"

const of = (username, read_seq) => ({ user: { username }, read_seq })
const ROWS = [5, 8, 9, 14].map((seq) => ({ seq, user: seq === 9 ? "bo" : "ada" }))

/** Usernames by the seq of their row. */
function placed(receipts, options) {
  const shown = [...receipts.place(ROWS, options)]
  return Object.fromEntries(shown.map(([index, people]) => [ROWS[index].seq, people.map((person) => person.username)]))
}

test("each is shown at the last message that they have read", () => {
  const receipts = new Receipts()
  receipts.reset([of("bo", 8), of("cy", 13), of("di", 99), of("ed", 8), of("fa", 4)])
  assert.deepEqual(placed(receipts), { 8: ["bo", "ed"], 9: ["cy"], 14: ["di"] })
})

test("a newer one moves, a late one doesn't, and who has left is gone", () => {
  const receipts = new Receipts()
  receipts.apply(of("cy", 13))
  receipts.apply(of("cy", 5))
  assert.deepEqual(placed(receipts), { 9: ["cy"] })
  receipts.apply(of("cy", 14))
  assert.deepEqual(placed(receipts), { 14: ["cy"] })
  receipts.remove("cy")
  assert.deepEqual(placed(receipts), {})
})

test("nobody is shown at a message of their own, nor at the last row where newer messages aren't loaded", () => {
  const receipts = new Receipts()
  receipts.reset([of("bo", 9), of("cy", 99), of("di", 14)])
  assert.deepEqual(placed(receipts), { 14: ["cy", "di"] })
  assert.deepEqual(placed(receipts, { complete: false }), { 14: ["di"] })
  assert.equal(receipts.place([]).size, 0)
})

test("who shows none any more is gone, and may come back", () => {
  const receipts = new Receipts()
  receipts.apply({ user: { username: "ann" }, read_seq: 4 })
  receipts.apply({ user: { username: "ann" }, read_seq: 0 })
  assert.deepEqual([...receipts.place([{ seq: 4, user: "bob" }])], [])
  receipts.apply({ user: { username: "ann" }, read_seq: 4 })
  assert.equal(receipts.place([{ seq: 4, user: "bob" }]).size, 1)
})
