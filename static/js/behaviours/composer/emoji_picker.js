import { pickEmoji } from "../../lib/emoji/picker.js"
import { part } from "../../lib/page/dom.js"
import { insertText } from "../../lib/page/text_field.js"

/** Opens the picker of emoji, and inserts the chosen one at the caret. */
export function mount(button) {
  const field = part(button.form, "text")
  button.addEventListener("click", async () => {
    const emoji = await pickEmoji(button)
    if (emoji) insertText(field, emoji)
  })
}
