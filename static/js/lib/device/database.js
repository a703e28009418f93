/**
 * IndexedDB: what a browser keeps for its owner beyond the page. Each record has `owner` (a username) and `key`, which is
 * unique in its store. Everything rejects where the browser refuses it (private windows, a full disk).
 */
import { uuid } from "../page/uuid.js"

const NAME = "chatsite"
// Messages that wait to be sent; their files; copies of rooms, to be read offline; files shared by other programs.
const STORES = ["outbox", "files", "rooms", "shared"]
// The key of a record that stands for the last time that something was wiped.
const WIPED = "wiped"
let opened = null

export const database = {
  get: (store, owner, key) => run(store, "readonly", (records) => records.get([owner, key])),
  all: (store, owner) => run(store, "readonly", (records) => records.getAll(ownedBy(owner))),
  keys: async (store, owner) => (await run(store, "readonly", (records) => records.getAllKeys(ownedBy(owner)))).map(([, key]) => key),
  // Strict: it is on the disk before it is said to be kept.
  put: (store, record) => run(store, "readwrite", (records) => records.put(record), { durability: "strict" }),
  remove: (store, owner, key) => run(store, "readwrite", (records) => records.delete([owner, key])),
  /** Removes what belongs to anybody else; everything, where the owner is empty. */
  async keepOnly(owner, stores) {
    for (const store of stores) {
      await run(store, "readwrite", (records) => {
        if (owner) {
          records.delete(IDBKeyRange.upperBound([owner], true))
          records.delete(IDBKeyRange.lowerBound([owner, []], true))
        } else records.clear()
        return records.put({ owner: "", key: WIPED, id: uuid() })
      })
    }
  },
  /** Names the last wipe of a store, for `putUnlessWiped`. */
  lastWipe: async (store) => (await run(store, "readonly", (records) => records.get(["", WIPED])))?.id,
  /** Puts a record unless the store was wiped since: by another page, whose person has logged out or is another one. */
  putUnlessWiped(store, record, wipe) {
    const put = (records) => {
      const last = records.get(["", WIPED])
      last.onsuccess = () => last.result?.id === wipe && records.put(record)
      return last
    }
    return run(store, "readwrite", put, { goesOn: true })
  },
}

// Keys are compared by type first: a list comes after every text.
const ownedBy = (owner) => IDBKeyRange.bound([owner], [owner, []])

async function run(store, mode, act, { durability = "default", goesOn = false } = {}) {
  const connection = await open()
  return new Promise((resolve, reject) => {
    const transaction = connection.transaction(store, mode, { durability })
    const request = act(transaction.objectStore(store))
    transaction.oncomplete = () => resolve(request.result)
    transaction.onabort = () => reject(transaction.error)
    // A page that is left now has it written all the same.
    if (!goesOn) transaction.commit?.()
  })
}

function open() {
  opened ??= connect().catch((error) => {
    opened = null
    throw error
  })
  return opened
}

async function connect() {
  const request = indexedDB.open(NAME, 1)
  request.onupgradeneeded = () => {
    for (const store of STORES) request.result.createObjectStore(store, { keyPath: ["owner", "key"] })
  }
  const connection = await new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
  // A page of another version, or the browser that clears its data, needs it closed.
  connection.onversionchange = connection.onclose = () => {
    connection.close()
    opened = null
  }
  return connection
}
