import assert from "node:assert/strict"
import { beforeEach, test } from "node:test"
import { storage } from "../../static/js/lib/page/storage.js"

let full, refused

/** A browser's localStorage, which may be full, or refused. Its keys are its own properties, as a browser's are. */
class LocalStorage {
  #check(broken) { if (broken) throw new Error("QuotaExceededError") }
  getItem(key) { this.#check(refused); return this[key] ?? null }
  setItem(key, value) { this.#check(refused || full); this[key] = value }
  removeItem(key) { this.#check(refused); delete this[key] }
}

beforeEach(() => {
  full = refused = false
  Object.defineProperty(globalThis, "localStorage", { value: new LocalStorage(), configurable: true })
  for (const key of storage.keys()) storage.removeItem(key)
})

test("what there is no room for is kept as long as the page is, in place of what was stored before", () => {
  storage.setItem("old", "1")
  full = true
  storage.setItem("old", "2")
  storage.setItem("new", "3")
  assert.deepEqual([storage.getItem("old"), storage.getItem("new")], ["2", "3"])
  assert.deepEqual(storage.keys().sort(), ["new", "old"])
  full = false
  storage.setItem("new", "4")
  assert.equal(storage.getItem("new"), "4")
  assert.equal(localStorage.getItem("new"), "4")
  storage.removeItem("new")
  assert.equal(storage.getItem("new"), null)
})

test("a browser that refuses it loses nothing until the page ends", () => {
  refused = true
  storage.setItem("a", "1")
  assert.deepEqual([storage.getItem("a"), storage.getItem("b"), storage.keys()], ["1", null, ["a"]])
  storage.removeItem("a")
  assert.deepEqual(storage.keys(), [])
})
