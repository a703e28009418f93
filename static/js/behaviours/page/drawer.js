import { storage } from "../../lib/page/storage.js"

const MEMBERS_CLOSED = "members-closed"
const isDrawer = (element) => getComputedStyle(element).position === "fixed"

/** Slides the sidebar or the members in where they are drawers; shows and hides the members where they are a column. */
export function mount(button) {
  const target = document.getElementById(button.dataset.drawer)
  if (!target) return
  const scrim = document.querySelector(".scrim")
  if (target.id === "members" && storage.getItem(MEMBERS_CLOSED)) document.body.classList.add(MEMBERS_CLOSED)

  const isOpen = () => (isDrawer(target) ? target.classList.contains("open") : !document.body.classList.contains(MEMBERS_CLOSED))
  const updateExpanded = () => button.setAttribute("aria-expanded", String(isOpen()))
  const slide = (open) => {
    const wasOpen = target.classList.contains("open")
    target.classList.toggle("open", open)
    scrim.hidden = !open
    // The keyboard too must not reach what the scrim covers.
    for (const other of target.parentElement.children) if (other !== target && other !== scrim) other.inert = open
    updateExpanded()
    if (open) target.querySelector("a, button")?.focus({ preventScroll: true })
    else if (wasOpen) button.focus()
  }
  const toggleColumn = () => {
    const closed = document.body.classList.toggle(MEMBERS_CLOSED)
    if (closed) storage.setItem(MEMBERS_CLOSED, "1")
    else storage.removeItem(MEMBERS_CLOSED)
    updateExpanded()
  }

  button.addEventListener("click", (event) => {
    event.preventDefault()
    if (isDrawer(target)) slide(!isOpen())
    else toggleColumn()
  })
  button.addEventListener("keydown", (event) => event.key === " " && button.matches("a") && (event.preventDefault(), button.click()))
  target.querySelector("[data-drawer-close]")?.addEventListener("click", () => slide(false))
  scrim.addEventListener("click", () => target.classList.contains("open") && slide(false))
  addEventListener("keydown", (event) => event.key === "Escape" && target.classList.contains("open") && slide(false))
  updateExpanded()
}
