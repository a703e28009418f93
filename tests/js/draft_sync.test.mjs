import assert from "node:assert/strict"
import { test } from "node:test"
import { Draft } from "../../static/js/models/draft.js"
import { DraftSync } from "../../static/js/models/draft_sync.js"

const nothing = { body: "", reply_to: null, version: 0 }

function store() {
  const kept = new Map()
  return { kept, getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value), removeItem: (key) => kept.delete(key) }
}

/** The server's side: it stores what comes with the version that it has. */
class Server {
  stored = nothing
  requests = []
  versions = 100
  down = false

  async save({ body, reply_to, version }) {
    this.requests.push(body)
    if (this.down) throw { code: "offline" }
    if (version !== this.stored.version) throw { code: "conflict", draft: this.stored }
    this.stored = { body, reply_to: reply_to && { id: reply_to }, version: (this.versions += 1) }
    return this.stored
  }

  async remove(version) {
    this.requests.push(null)
    if (this.down) throw { code: "offline" }
    if (this.stored.version && version !== this.stored.version) throw { code: "conflict", draft: this.stored }
    this.stored = nothing
  }
}

function device(server, shared = store()) {
  const clock = { now: 0, timers: [] }
  const draft = new Draft(shared, "ada", "general")
  const told = []
  const sync = new DraftSync({
    draft,
    save: (data) => server.save(data),
    remove: (version) => server.remove(version),
    read: async () => server.stored,
    maxLength: 10_000,
    onAdopt: () => told.push(draft.newText),
    onConflict: (theirs) => told.push(theirs && `conflict: ${theirs.body}`),
    schedule: (run, after) => clock.timers.push({ run, at: clock.now + after }),
    now: () => clock.now,
  })
  const pass = async (ms) => {
    clock.now += ms
    const due = clock.timers.filter(({ at }) => at <= clock.now)
    clock.timers = clock.timers.filter(({ at }) => at > clock.now)
    for (const { run } of due) run()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const type = (text) => {
    draft.setText(text)
    sync.typed()
  }
  return { draft, sync, told, pass, type, shared }
}

test("typing is sent once in three seconds at most, and a sent message clears it at once", async () => {
  const server = new Server()
  const { type, pass, draft, sync, shared } = device(server)
  for (const text of ["h", "ha", "hal", "half"]) {
    type(text)
    await pass(500)
  }
  assert.deepEqual(server.requests, [])
  await pass(1000)
  assert.deepEqual(server.requests, ["half"])
  assert.equal(draft.dirty, false)
  draft.clear()
  await sync.push()
  assert.deepEqual(server.requests, ["half", null])
  assert.equal(shared.kept.size, 0)
})

test("what another device writes is shown, but not while the person types here", async () => {
  const server = new Server()
  const one = device(server)
  const other = device(server)
  one.type("of the desk")
  await one.pass(3000)
  other.sync.receive(server.stored)
  assert.deepEqual(other.told, ["of the desk"])
  other.type("of the desk and the phone")
  await other.pass(3000)
  one.sync.receive(server.stored)
  assert.deepEqual(one.told, [])
  await one.pass(5000)
  assert.deepEqual(one.told, ["of the desk and the phone"])
})

test("two devices that both wrote overwrite nothing: the person decides", async () => {
  const server = new Server()
  const [one, other] = [device(server), device(server)]
  one.type("of the desk")
  other.type("of the phone")
  await one.pass(3000)
  await other.pass(3000)
  assert.equal(server.stored.body, "of the desk")
  assert.deepEqual([other.told, other.draft.newText], [["conflict: of the desk"], "of the phone"])
  other.type("of the phone, still")
  await other.pass(3000)
  assert.equal(server.stored.body, "of the desk")
  await other.sync.keepMine()
  assert.equal(server.stored.body, "of the phone, still")
  one.type("of the desk, too")
  await one.pass(10_000)
  assert.deepEqual(one.told, ["conflict: of the phone, still"])
  one.sync.takeTheirs()
  assert.equal(one.draft.newText, "of the phone, still")
  assert.equal(server.stored.body, "of the phone, still")
})

test("what is sent on another device goes here, and what was written here since stays", async () => {
  const server = new Server()
  const [one, other] = [device(server), device(server)]
  one.type("half")
  await one.pass(3000)
  other.sync.receive(server.stored)
  other.draft.clear()
  await other.sync.push()
  await one.pass(5000)
  one.sync.receive(server.stored)
  assert.deepEqual(one.told, [""])
  one.type("next")
  one.sync.receive({ ...nothing })
  await one.pass(3000)
  assert.equal(server.stored.body, "next")
})

test("what was written without a connection is sent when there is one", async () => {
  const server = new Server()
  const { type, pass, sync, draft } = device(server)
  server.down = true
  type("on the train")
  await pass(3000)
  assert.equal(draft.dirty, true)
  server.down = false
  sync.receive(server.stored)
  await sync.push()
  assert.equal(server.stored.body, "on the train")
})

test("an answer that was lost is no other device's draft", async () => {
  const server = new Server()
  const shared = store()
  const before = device(server, shared)
  before.type("half")
  // The page was left before the answer came.
  server.save({ body: "half", reply_to: null, version: 0 })
  before.draft.noteSent()
  before.draft.setText("half a thought")
  const after = device(server, shared)
  // As the page was rendered before it came.
  after.sync.receive(nothing)
  await after.sync.push()
  assert.deepEqual([after.told, server.requests], [[], ["half", "half a thought"]])
  assert.equal(server.stored.body, "half a thought")
  before.draft.load()
  before.draft.noteSent()
  before.draft.clear()
  await device(server, shared).sync.push()
  assert.equal(server.stored.version, 0)
})

test("a draft of a page before there was a server's is sent, and two tabs are one device", async () => {
  const server = new Server()
  const shared = store()
  shared.setItem("draft:ada:general", JSON.stringify({ text: "old", reply: null, edit: null }))
  const [one, other] = [device(server, shared), device(server, shared)]
  one.sync.receive(server.stored)
  await one.sync.push()
  assert.equal(server.stored.body, "old")
  other.draft.load()
  other.sync.receive(server.stored)
  other.type("old and new")
  await other.pass(3000)
  assert.deepEqual([server.stored.body, other.told, one.told], ["old and new", [], []])
})

test("an edit is of this device alone", async () => {
  const server = new Server()
  const { draft, sync, pass, type } = device(server)
  draft.startEdit(3, "as it was")
  type("as it should be")
  await pass(3000)
  assert.deepEqual(server.requests, [])
  draft.cancel()
  sync.receive({ body: "of the phone", reply_to: { id: 7 }, version: 5 })
  await pass(5000)
  assert.deepEqual([draft.text, draft.reply.id], ["of the phone", 7])
})
