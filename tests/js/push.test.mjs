import assert from "node:assert/strict"
import { test } from "node:test"
import { Attention } from "../../static/js/models/attention.js"
import { noticeOf } from "../../static/js/models/push_notice.js"
import { addressOf } from "../../static/js/worker/address.js"
import { onNotificationClick, onPush } from "../../static/js/worker/push.js"

const PUSH = { tag: "abc", room: "board", title: "Board", body: "owner: hi", count: 1, url: "/chat/board/message/1", at: "2026-11-29T08:00:00Z", read: [] }

test("a push becomes the one notification of its room", () => {
  const { title, options, closed } = noticeOf(PUSH)
  assert.equal(title, "Board")
  assert.deepEqual(options, { body: "owner: hi", tag: "abc", renotify: true, data: { room: "board", url: "/chat/board/message/1" }, timestamp: Date.parse(PUSH.at) })
  assert.deepEqual(closed, [])
})

test("it says how many there are", () => {
  assert.equal(noticeOf({ ...PUSH, count: 3 }).title, "Board (3)")
})

test("it closes what was read elsewhere, and never itself", () => {
  assert.deepEqual(noticeOf({ ...PUSH, read: ["x", "abc", "y", 5] }).closed, ["x", "y"])
  assert.equal(noticeOf({ ...PUSH, read: Array(99).fill("x") }).closed.length, 20)
})

test("a push always shows something, whatever it has", () => {
  for (const payload of [null, undefined, 5, "text", [], {}, { title: 5, body: {}, count: "x", at: "never", read: 5, tag: null }]) {
    const { title, options, closed } = noticeOf(payload)
    assert.equal(title, "Something new")
    assert.deepEqual(options, { body: "", tag: "", renotify: false, data: { room: "", url: "/" } })
    assert.deepEqual(closed, [])
  }
})

test("it opens addresses of this site alone", () => {
  const origin = "https://chat.example"
  assert.equal(addressOf({ url: "/chat/board" }, origin), "https://chat.example/chat/board")
  for (const url of ["https://evil.example/", "//evil.example", "javascript:alert(1)", "http://[", undefined]) assert.equal(addressOf({ url }, origin), "https://chat.example/")
})

function attention() {
  const said = []
  const clock = { now: 0, due: null }
  const made = new Attention({ report: (active) => said.push(active), now: () => clock.now, schedule: (look, ms) => (clock.due = [look, clock.now + ms]) })
  const pass = (ms) => {
    const end = clock.now + ms
    while (clock.due && clock.due[1] <= end) {
      const [look, at] = clock.due
      clock.due = null
      clock.now = at
      look()
    }
    clock.now = end
  }
  return { made, said, pass }
}

test("input makes active, and two minutes without any do not", () => {
  const { made, said, pass } = attention()
  made.noteInput()
  pass(119_000)
  assert.deepEqual(said, [true])
  pass(1_000)
  assert.deepEqual(said, [true, false])
})

test("input goes on being told, but not each", () => {
  const { made, said, pass } = attention()
  for (let second = 0; second < 90; second++) {
    made.noteInput()
    pass(1_000)
  }
  assert.deepEqual(said, [true, true, true])
  pass(118_000)
  assert.equal(said.at(-1), true)
  pass(2_000)
  assert.equal(said.at(-1), false)
})

test("a hidden page is not active, and a new connection is told what holds", () => {
  const { made, said } = attention()
  made.noteHidden()
  made.connected()
  assert.deepEqual(said, [])
  made.noteInput()
  made.connected()
  made.noteHidden()
  assert.deepEqual(said, [true, true, false])
})

/** A worker's world: what it shows, and its windows. */
function world(urls = []) {
  const shown = []
  globalThis.location = new URL("https://chat.example/sw.js")
  globalThis.registration = {
    async showNotification(title, options) {
      const there = shown.findIndex(({ options: { tag } }) => tag && tag === options.tag)
      const notification = { title, options, close: () => shown.splice(shown.indexOf(notification), 1) }
      if (there >= 0) shown.splice(there, 1, notification)
      else shown.push(notification)
    },
    getNotifications: async ({ tag }) => shown.filter(({ options }) => options.tag === tag),
  }
  const windows = urls.map((url) => ({ url, focused: false, focus: async () => {}, navigate: async (to) => done.push(["navigate", to]) }))
  const done = []
  globalThis.clients = { matchAll: async () => windows, openWindow: async (to) => done.push(["open", to]) }
  return { shown, done }
}

async function happen(handler, event) {
  const waits = []
  handler({ ...event, waitUntil: (promise) => waits.push(promise) })
  assert.equal(waits.length, 1)
  await waits[0]
}

test("the worker shows one notification of a room, and closes those of rooms that were read elsewhere", async () => {
  const { shown } = world()
  const push = (payload) => happen(onPush, { data: { json: () => payload } })
  await push(PUSH)
  await push({ ...PUSH, body: "owner: two", count: 2 })
  assert.deepEqual(shown.map(({ title, options }) => [title, options.body]), [["Board (2)", "owner: two"]])
  await push({ ...PUSH, tag: "def", title: "Lobby", read: ["abc"] })
  assert.deepEqual(shown.map(({ title }) => title), ["Lobby"])
})

test("the worker shows something also for a push that it can't read", async () => {
  for (const data of [null, { json: () => JSON.parse("{") }]) {
    const { shown } = world()
    await happen(onPush, { data })
    assert.deepEqual(shown.map(({ title }) => title), ["Something new"])
  }
})

test("a click opens the place in a window that is there, or in a new one", async () => {
  const click = async (urls) => {
    const { done } = world(urls)
    const closed = []
    await happen(onNotificationClick, { notification: { close: () => closed.push(1), data: { url: PUSH.url } } })
    assert.equal(closed.length, 1)
    return done
  }
  const there = `https://chat.example${PUSH.url}`
  assert.deepEqual(await click([]), [["open", there]])
  assert.deepEqual(await click(["https://chat.example/"]), [["navigate", there]])
  assert.deepEqual(await click(["https://chat.example/", there]), [])
})
