import { storage } from "../lib/storage.js"

const CLOSED = "members-closed"
const isDrawer = (element) => getComputedStyle(element).position === "fixed"

/** Slides the sidebar or the members in where they are drawers; shows and hides the members where there is room. */
export function mount(button) {
  const target = document.getElementById(button.dataset.drawer)
  if (!target) return
  const scrim = document.querySelector(".scrim")
  if (target.id === "members" && storage.getItem(CLOSED)) document.body.classList.add(CLOSED)

  const shown = () => (isDrawer(target) ? target.classList.contains("open") : !document.body.classList.contains(CLOSED))
  const tell = () => button.setAttribute("aria-expanded", String(shown()))
  const slide = (open) => {
    const had = target.classList.contains("open")
    target.classList.toggle("open", open)
    scrim.hidden = !open
    // What lies behind the scrim is out of reach for the keyboard too.
    for (const other of target.parentElement.children) if (other !== target && other !== scrim) other.inert = open
    tell()
    if (open) target.querySelector("a, button")?.focus({ preventScroll: true })
    else if (had) button.focus()
  }
  const fold = () => {
    const closed = document.body.classList.toggle(CLOSED)
    if (closed) storage.setItem(CLOSED, "1")
    else storage.removeItem(CLOSED)
    tell()
  }

  button.addEventListener("click", (event) => {
    event.preventDefault()
    if (isDrawer(target)) slide(!shown())
    else fold()
  })
  button.addEventListener("keydown", (event) => event.key === " " && button.matches("a") && (event.preventDefault(), button.click()))
  target.querySelector("[data-drawer-close]")?.addEventListener("click", () => slide(false))
  scrim.addEventListener("click", () => target.classList.contains("open") && slide(false))
  addEventListener("keydown", (event) => event.key === "Escape" && target.classList.contains("open") && slide(false))
  tell()
}
