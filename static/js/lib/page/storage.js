/** localStorage; memory where the browser refuses it (private windows, blocked cookies), and for what it has no room for. */
const memory = new Map()

export const storage = {
  getItem(key) {
    if (memory.has(key)) return memory.get(key)
    try {
      return localStorage.getItem(key)
    } catch {
      return null
    }
  },
  setItem(key, value) {
    try {
      localStorage.setItem(key, value)
      memory.delete(key)
    } catch {
      memory.set(key, value)
    }
  },
  removeItem(key) {
    memory.delete(key)
    try {
      localStorage.removeItem(key)
    } catch {
      // Nothing is stored there.
    }
  },
  /** Whether a key's value is gone with the page. */
  isInMemory: (key) => memory.has(key),
  keys() {
    try {
      return [...new Set([...Object.keys(localStorage), ...memory.keys()])]
    } catch {
      return [...memory.keys()]
    }
  },
}
