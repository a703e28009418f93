/**
 * Mounts the behaviours that the page names by their paths: `data-behaviour="log/log page/time-zone"` loads
 * behaviours/log/log.js and behaviours/page/time_zone.js.
 */
import { guardRestoredPages } from "./lib/connection/bfcache_guard.js"
import { guardKeptData } from "./lib/device/kept_data.js"
import { ignoreComposingKeys } from "./lib/page/ime.js"
import { registerWorker } from "./lib/page/service_worker.js"

ignoreComposingKeys()
guardRestoredPages()
guardKeptData()
registerWorker()

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
  const { connection } = await import("./lib/connection/connection.js")
  connection.start()
}
