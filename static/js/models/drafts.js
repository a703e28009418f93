/** What I began to write, room by room. `store` is like localStorage. */
export class Drafts {
  constructor(store, owner) {
    Object.assign(this, { store, owner })
  }

  get(room) {
    return this.store.getItem(this.#key(room)) ?? ""
  }

  set(room, text) {
    if (text.trim()) this.store.setItem(this.#key(room), text)
    else this.store.removeItem(this.#key(room))
  }

  #key(room) {
    return `draft:${this.owner}:${room}`
  }
}
