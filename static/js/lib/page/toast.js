const SHOWN_MS = 3500

/** Shows a short notice at the foot of the page, which screen readers say too. */
export function toast(words) {
  let box = document.querySelector(".toast")
  if (!box) {
    box = document.createElement("p")
    box.className = "toast"
    box.dir = "auto"
    box.setAttribute("role", "status")
    document.body.append(box)
  }
  box.textContent = words
  box.classList.add("shown")
  clearTimeout(box.timer)
  box.timer = setTimeout(() => box.classList.remove("shown"), SHOWN_MS)
}
