const STEPS = { ArrowUp: -1, ArrowDown: 1 }
const FOCUSABLE = "a, button, summary, audio, video, pre"

/**
 * Makes the log one stop of the Tab key. The arrow keys move through its messages; Tab reaches what is inside the message
 * that has the focus; Escape goes back to the composer.
 */
export function mount(element) {
  let current = null
  const setReachable = (row, reachable) => {
    for (const inner of row?.querySelectorAll(FOCUSABLE) ?? []) inner.tabIndex = reachable ? 0 : -1
  }
  const enter = (row) => {
    if (row === current) return
    setReachable(current, false)
    current = row
    setReachable(current, true)
  }
  for (const row of element.querySelectorAll(".messages:not(.pending), .log-start")) setReachable(row, false)
  new MutationObserver((changes) => {
    for (const { target } of changes) setReachable(target, Boolean(current?.contains(target)))
  }).observe(element.querySelector(".messages"), { childList: true, subtree: true })

  element.addEventListener("focusin", (event) => enter(event.target.closest(".message")))
  element.addEventListener("focusout", (event) => !element.contains(event.relatedTarget) && enter(null))
  element.addEventListener("keydown", (event) => {
    if (event.key === "Escape") document.getElementById("composer-body")?.focus()
    const row = event.target.closest(".message")
    if (event.target !== element && event.target !== row) return
    const next = rowByKey(event.key, [...element.querySelectorAll(".message")], row)
    if (!next) return
    event.preventDefault()
    next.focus()
    next.scrollIntoView({ block: "nearest" })
  })
}

function rowByKey(key, rows, current) {
  if (key === "Home") return rows[0]
  if (key === "End") return rows.at(-1)
  if (!(key in STEPS)) return null
  return current ? rows[rows.indexOf(current) + STEPS[key]] : rows.at(-1)
}
