import { connection } from "../../lib/connection/connection.js"
import { closeNotices, keepUp } from "../../lib/push/subscription.js"
import { Attention } from "../../models/attention.js"

const INPUTS = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart", "focus"]

/**
 * On every page: renews this device's subscription where it was lost, closes what was read elsewhere, and tells the server
 * whether somebody uses the page, so that nothing goes to the phone meanwhile.
 */
export function mount() {
  keepUp().catch(() => {})
  connection.on("membership-updated", ({ room, unread }) => unread === 0 && closeNotices(room))
  const attention = new Attention({ report: (active) => connection.sendVolatile("active", { active }) })
  connection.on("online", () => attention.connected())
  const isSeen = () => document.visibilityState === "visible" && document.hasFocus()
  for (const name of INPUTS) addEventListener(name, () => isSeen() && attention.noteInput(), { capture: true, passive: true })
  document.addEventListener("visibilitychange", () => !isSeen() && attention.noteHidden())
}
