import { part } from "../../lib/page/dom.js"

/** Names the files that another program shares; the page of the chosen room takes them. */
export async function mount(form) {
  const { sharedFiles } = await import("../../lib/device/shared_files.js")
  const list = part(form, "files")
  const items = (await sharedFiles()).map(({ name }) => Object.assign(document.createElement("li"), { textContent: name, dir: "auto" }))
  list.replaceChildren(...items)
  list.hidden = items.length === 0
}
