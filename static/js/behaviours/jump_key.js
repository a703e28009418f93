/** The key as this machine's keyboard has it. */
export function mount(element) {
  if (/mac|iphone|ipad/i.test(navigator.platform)) element.textContent = "⌘ K"
  if (matchMedia("(pointer: coarse)").matches) element.hidden = true
}
