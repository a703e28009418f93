/**
 * Browser functions refuse to be called as methods of anything but the window ("Illegal invocation"); Node's take it.
 * With this imported first, Node's refuse as well.
 */
const NAMES = ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "queueMicrotask", "fetch", "structuredClone"]

for (const name of NAMES) {
  const real = globalThis[name]
  globalThis[name] = function (...values) {
    if (this !== undefined && this !== globalThis) throw new TypeError(`Illegal invocation of ${name}`)
    return real.apply(globalThis, values)
  }
}
