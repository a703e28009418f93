/** Mounts the behaviours that the page names: `data-behaviour="log pending"` loads behaviours/log.js and behaviours/pending.js. */
import { guardRestoredPages } from "./lib/bfcache_guard.js"
import { ignoreComposingKeys } from "./lib/ime.js"

ignoreComposingKeys()
guardRestoredPages()

const mounted = [...document.querySelectorAll("[data-behaviour]")].flatMap((element) =>
  element.dataset.behaviour.split(/\s+/).map(async (name) => {
    const behaviour = await import(`./behaviours/${name.replaceAll("-", "_")}.js`)
    await behaviour.mount(element)
  }),
)

document.documentElement.dataset.scripted = ""
await Promise.allSettled(mounted).then((results) => {
  for (const result of results) if (result.status === "rejected") console.error(result.reason)
})

// The connection opens once all its listeners are registered.
if (document.querySelector("[data-live]")) {
  const { connection } = await import("./lib/connection.js")
  connection.start()
}
