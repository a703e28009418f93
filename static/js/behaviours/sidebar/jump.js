import { withModule } from "../../lib/page/later.js"

/** Opens a dialog by Ctrl-K that leads to a room or a person by a few letters of the name. */
export function mount(dialog) {
  let jump
  const open = () =>
    withModule(() => import("../../lib/room/jump_dialog.js"), ({ JumpDialog }) => {
      jump ??= new JumpDialog(dialog)
      jump.open()
    })
  addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return
    event.preventDefault()
    open()
  })
  document.querySelector("[data-jump]")?.addEventListener("click", (event) => {
    event.preventDefault()
    open()
  })
}
