/** Shows the shortcut of the jump dialog as this machine's keyboard names it; hides it on touch screens. */
export function mount(element) {
  if (/mac|iphone|ipad/i.test(navigator.platform)) element.textContent = "⌘ K"
  if (matchMedia("(pointer: coarse)").matches) element.hidden = true
}
