/** A button that copies what stands beside it. */
export function mount(element) {
  const source = element.querySelector("input, code")
  const button = element.querySelector("button")
  const label = button.innerHTML
  button.addEventListener("click", async () => {
    const text = source.value ?? source.textContent.trim()
    try {
      await navigator.clipboard.writeText(text)
      button.textContent = "Copied"
    } catch {
      // No clipboard without https: it is selected, so that Ctrl-C takes it.
      if (source.select) source.select()
      else getSelection().selectAllChildren(source)
      button.textContent = "Press Ctrl C"
    }
    setTimeout(() => (button.innerHTML = label), 2000)
  })
}
