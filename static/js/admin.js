/** Completes typed names in the administration: `data-completes` is the address that answers `?term=`. */
const SEARCH_DELAY_MS = 150

for (const [number, field] of document.querySelectorAll("input[data-completes]").entries()) {
  const list = document.createElement("datalist")
  list.id = `completions-${number}`
  field.after(list)
  field.setAttribute("list", list.id)
  let timer = null
  let requested = ""
  const search = async () => {
    const term = field.value.trim()
    if (!term || term === requested) return
    requested = term
    const answer = await fetch(`${field.dataset.completes}?term=${encodeURIComponent(term)}`).catch(() => null)
    if (!answer?.ok || field.value.trim() !== term) return
    const { results } = await answer.json()
    list.replaceChildren(...results.map(({ value, label }) => new Option(label, value)))
  }
  field.addEventListener("input", () => {
    clearTimeout(timer)
    timer = setTimeout(search, SEARCH_DELAY_MS)
  })
}
