const FEEDBACK_MS = 2000

/** Copies the text of the field or code beside a button. */
export function mount(element) {
  const source = element.querySelector("input, code")
  const button = element.querySelector("button")
  const label = [...button.childNodes]
  button.addEventListener("click", async () => {
    const text = source.value ?? source.textContent.trim()
    try {
      await navigator.clipboard.writeText(text)
      button.textContent = "Copied"
    } catch {
      // Without https there is no clipboard: the text is selected, so that Ctrl-C copies it.
      if (source.select) source.select()
      else getSelection().selectAllChildren(source)
      button.textContent = "Press Ctrl C"
    }
    setTimeout(() => button.replaceChildren(...label), FEEDBACK_MS)
  })
}
