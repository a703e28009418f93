import { choosesEmoji } from "../../lib/people/status_emoji.js"

/** Opens the picker of emoji for one's status. */
export function mount(button) {
  choosesEmoji(button)
}
