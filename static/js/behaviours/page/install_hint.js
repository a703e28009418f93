import { buildIcon } from "../../lib/page/dom.js"
import { hasWorker } from "../../lib/page/service_worker.js"
import { storage } from "../../lib/page/storage.js"
import { installHint } from "../../models/install_hint.js"

const DISMISSED_KEY = "install-hint-dismissed"
const VISITS_KEY = "visits"

/** Offers, at the foot of the sidebar, to install the site; once it is put away it never comes back. */
export function mount(sidebar) {
  if (!hasWorker) return
  const visits = countVisit()
  let offer = null
  const show = () => {
    const hint = installHint({
      userAgent: navigator.userAgent,
      touch: navigator.maxTouchPoints > 1,
      canPrompt: Boolean(offer),
      standalone: matchMedia("(display-mode: standalone)").matches || navigator.standalone === true,
      dismissed: storage.getItem(DISMISSED_KEY) !== null,
      visits,
    })
    sidebar.querySelector(".install-hint")?.remove()
    if (hint) sidebar.querySelector(".sidebar-me").before(build(hint, () => offer.prompt()))
  }
  addEventListener("beforeinstallprompt", (event) => {
    // The browser's own bar would cover the page.
    event.preventDefault()
    offer = event
    show()
  })
  addEventListener("appinstalled", () => sidebar.querySelector(".install-hint")?.remove())
  show()
}

function build(hint, install) {
  const element = document.createElement("p")
  element.className = "install-hint"
  if (hint === "prompt") element.append(button("Install as an app", "button quiet", install))
  else element.append(hint)
  const close = button("", "icon-button", dismiss)
  close.setAttribute("aria-label", "Put this hint away")
  close.append(buildIcon("x"))
  element.append(close)
  return element

  function dismiss() {
    storage.setItem(DISMISSED_KEY, "1")
    element.remove()
  }
}

function button(words, className, onClick) {
  const element = Object.assign(document.createElement("button"), { type: "button", className, textContent: words })
  element.addEventListener("click", onClick)
  return element
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
