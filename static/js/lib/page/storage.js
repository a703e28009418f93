/** localStorage; memory where the browser refuses it (private windows, blocked cookies, full). */
const memory = new Map()

export const storage = {
  getItem(key) {
    try {
      return localStorage.getItem(key)
    } catch {
      return memory.get(key) ?? null
    }
  },
  setItem(key, value) {
    try {
      localStorage.setItem(key, value)
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
  keys() {
    try {
      return Object.keys(localStorage)
    } catch {
      return [...memory.keys()]
    }
  },
}
