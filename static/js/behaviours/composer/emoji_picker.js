import { part } from "../../lib/page/dom.js"
import { withModule } from "../../lib/page/later.js"
import { insertText } from "../../lib/page/text_field.js"

/** Opens the picker of emoji, and inserts the chosen one at the caret. */
export function mount(button) {
  const field = part(button.form, "text")
  button.addEventListener("click", async () => {
    const emoji = await withModule(() => import("../../lib/emoji/picker.js"), ({ pickEmoji }) => pickEmoji(button))
    if (emoji) insertText(field, emoji)
  })
}
