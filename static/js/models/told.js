/** Knows of which things was told live, so that an answer that was asked for before and comes after it doesn't undo that. */
export class Told {
  #count = 0
  #at = new Map()

  note(key) {
    this.#at.set(key, (this.#count += 1))
  }

  /** Returns a function that says whether a thing was told of since this was called. */
  since() {
    const began = this.#count
    return (key) => (this.#at.get(key) ?? 0) > began
  }
}
