/** Mounts the behaviours that the page names: `data-behaviour="log reading"` loads behaviours/log.js and behaviours/reading.js. */
import { guardKeys } from "./lib/ime.js"
import { watchVisits } from "./lib/visits.js"

guardKeys()
watchVisits()

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

// The connection opens when everything that listens to it is there.
if (document.querySelector("[data-live]")) {
  const { live } = await import("./lib/live.js")
  live.start()
}
