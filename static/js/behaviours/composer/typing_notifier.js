import { connection } from "../../lib/connection/connection.js"
import { room } from "../../lib/room/room.js"
import { TypingNotifier } from "../../models/typing.js"

/** Reports to the room that the reader is typing. */
export function mount(field) {
  const notifier = new TypingNotifier({ send: (typing) => connection.sendVolatile("typing", { room: room.slug, typing }) })
  field.addEventListener("input", (event) => event.isTrusted && notifier.input(field.value))
  field.addEventListener("sent", () => notifier.reset())
  field.addEventListener("blur", () => notifier.end())
}
