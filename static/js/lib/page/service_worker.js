import { me } from "./me.js"

/** Whether this page has a service worker (static/js/worker/), which needs https. */
export const hasWorker = Boolean(me && "worker" in document.documentElement.dataset && navigator.serviceWorker)

/** Registers it once the page is there: it fetches what the page itself needs first. */
export function registerWorker() {
  if (!hasWorker) return
  const register = () => navigator.serviceWorker.register("/sw.js", { updateViaCache: "none" }).catch(() => {})
  if (document.readyState === "complete") register()
  else addEventListener("load", register)
}
