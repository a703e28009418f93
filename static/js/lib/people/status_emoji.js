import { withModule } from "../page/later.js"

/** Lets a button of the form of one's status choose its emoji in the picker; the field takes what is typed, too. */
export function choosesEmoji(button) {
  button.addEventListener("click", async () => {
    const emoji = await withModule(() => import("../emoji/picker.js"), ({ pickEmoji }) => pickEmoji(button))
    if (emoji) button.form.elements.emoji.value = emoji
  })
}

/** Takes the picker out of the page of the form into a page that has none, with its sheet. */
export function adoptPicker(page) {
  if (document.getElementById("emoji-picker")) return
  const sheet = document.createElement("link")
  sheet.rel = "stylesheet"
  sheet.href = page.querySelector("[data-sheet]").dataset.sheet
  document.head.append(sheet)
  document.body.append(document.importNode(page.getElementById("emoji-picker"), true))
}
