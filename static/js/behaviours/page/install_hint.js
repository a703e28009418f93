import { hasWorker } from "../../lib/page/service_worker.js"
import { storage } from "../../lib/page/storage.js"

const VISITS_KEY = "visits"

/** Offers, at the foot of the sidebar, to install the site; once it is put away it never comes back. */
export function mount(sidebar) {
  if (!hasWorker) return
  const visits = countVisit()
  const show = (offer) => import("../../lib/page/install_hint.js").then(({ showHint }) => showHint(sidebar, visits, offer), () => {})
  addEventListener("beforeinstallprompt", (event) => {
    // The browser's own bar would cover the page.
    event.preventDefault()
    show(event)
  })
  addEventListener("appinstalled", () => sidebar.querySelector(".install-hint")?.remove())
  // Those that never offer it themselves.
  if (/iPhone|iPad|Macintosh|Android.*Firefox/.test(navigator.userAgent) && !/Chrome/.test(navigator.userAgent)) show(null)
}

/** Counts this tab as a visit, once; returns how many there were. */
function countVisit() {
  const before = Number(storage.getItem(VISITS_KEY) ?? 0)
  try {
    if (sessionStorage.getItem(VISITS_KEY)) return before
    sessionStorage.setItem(VISITS_KEY, "1")
  } catch {
    return before
  }
  storage.setItem(VISITS_KEY, String(before + 1))
  return before + 1
}
