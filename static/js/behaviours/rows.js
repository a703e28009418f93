const STEPS = { ArrowUp: -1, ArrowDown: 1 }
const INNER = "a, button, summary"

/**
 * The log is one stop of the Tab key. The arrow keys move through its messages; Tab reaches what is inside of the one that
 * has the focus; Escape goes back to the composer.
 */
export function mount(element) {
  let open = null
  const reach = (row, reachable) => {
    for (const inner of row?.querySelectorAll(INNER) ?? []) inner.tabIndex = reachable ? 0 : -1
  }
  const enter = (row) => {
    if (row === open) return
    reach(open, false)
    open = row
    reach(open, true)
  }
  for (const row of element.querySelectorAll(".messages:not(.pending), .log-start")) reach(row, false)
  new MutationObserver((changes) => {
    for (const { target } of changes) reach(target, Boolean(open?.contains(target)))
  }).observe(element.querySelector(".messages"), { childList: true, subtree: true })

  element.addEventListener("focusin", (event) => enter(event.target.closest(".message")))
  element.addEventListener("focusout", (event) => !element.contains(event.relatedTarget) && enter(null))
  element.addEventListener("keydown", (event) => {
    if (event.key === "Escape") document.getElementById("composer-body")?.focus()
    const current = event.target.closest(".message")
    if (event.target !== element && event.target !== current) return
    const rows = [...element.querySelectorAll(".message")]
    const next = goal(event.key, rows, current)
    if (!next) return
    event.preventDefault()
    next.focus()
    next.scrollIntoView({ block: "nearest" })
  })
}

function goal(key, rows, current) {
  if (key === "Home") return rows[0]
  if (key === "End") return rows.at(-1)
  if (!(key in STEPS)) return null
  return current ? rows[rows.indexOf(current) + STEPS[key]] : rows.at(-1)
}
