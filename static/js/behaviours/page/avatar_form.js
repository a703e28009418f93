import { withModule } from "../../lib/page/later.js"

/** Lets one choose the square part of a picture before it is sent. What the browser can't open is sent as it is. */
export function mount(form) {
  const input = form.elements.image
  const dialog = document.getElementById("crop")
  input.addEventListener("change", async () => {
    const [file] = input.files
    if (!file) return
    const picture = await createImageBitmap(file).catch(() => null)
    if (!picture) return form.requestSubmit()
    const chosen = await withModule(() => import("../../lib/page/cropping.js"), ({ cropped }) => cropped(dialog, picture))
    if (!chosen) return void (input.value = "")
    const files = new DataTransfer()
    files.items.add(new File([chosen], "avatar", { type: chosen.type }))
    input.files = files.files
    form.requestSubmit()
  })
}
