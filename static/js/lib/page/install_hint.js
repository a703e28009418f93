import { installHint } from "../../models/install_hint.js"
import { buildIcon } from "./dom.js"
import { storage } from "./storage.js"

const DISMISSED_KEY = "install-hint-dismissed"

/** Shows how to install the site, if there is a way and it wasn't put away; `offer` is the browser's own, or null. */
export function showHint(sidebar, visits, offer) {
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
