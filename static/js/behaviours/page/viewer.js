import { withModule } from "../../lib/page/later.js"

/** Opens the page's pictures in a dialog. */
export function mount(dialog) {
  let viewer
  document.addEventListener("click", (event) => {
    const picture = event.target.closest(".picture")
    if (!picture || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
    event.preventDefault()
    withModule(() => import("../../lib/room/viewer.js"), ({ Viewer }) => {
      viewer ??= new Viewer(dialog)
      viewer.open(picture)
    })
  })
}
