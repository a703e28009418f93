/** Events by name: `on` returns a function that removes the listener again. */
export class Emitter {
  #listeners = new Map()

  on(name, listener) {
    if (!this.#listeners.has(name)) this.#listeners.set(name, new Set())
    this.#listeners.get(name).add(listener)
    return () => this.#listeners.get(name).delete(listener)
  }

  emit(name, ...values) {
    for (const listener of this.#listeners.get(name) ?? []) {
      try {
        listener(...values)
      } catch (error) {
        // One listener's fault must not keep the event from the others.
        console.error(error)
      }
    }
  }
}
