const STEPS = { ArrowUp: -1, ArrowDown: 1 }

/** Moves through the messages with the arrow keys; Escape goes back to the composer. */
export function mount(element) {
  element.addEventListener("keydown", (event) => {
    const current = event.target.closest(".message")
    if (event.target !== element && event.target !== current) return
    if (event.key === "Escape") document.getElementById("composer-body")?.focus()
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
