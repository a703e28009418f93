import { live } from "../lib/live.js"
import { room } from "../lib/room.js"
import { TypingSignal } from "../models/typing.js"

/** Tells the room that I am writing. */
export function mount(text) {
  const signal = new TypingSignal({ tell: (typing) => live.tell("typing", { room: room.slug, typing }) })
  text.addEventListener("input", (event) => event.isTrusted && signal.typed(text.value))
  text.addEventListener("sent", () => signal.sent())
  text.addEventListener("blur", () => signal.ended())
}
