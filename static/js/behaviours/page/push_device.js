import { toast } from "../../lib/page/toast.js"
import { keepUp, state, turnOff, turnOn } from "../../lib/push/subscription.js"

const WORDS = {
  unsupported: "This browser takes no notifications while no page is open. On an iPhone or iPad, add this site to the home screen first.",
  denied: "Your browser was told not to show notifications of this site. Its settings can change that.",
  on: "This device is told.",
  off: "This device isn't told.",
}

/** The buttons by which a person switches notifications of this device on and off. */
export async function mount(section) {
  const [on, off, said] = ["on", "off", "state"].map((name) => section.querySelector(`[data-push=${name}]`))
  const show = async () => {
    const now = await state()
    said.textContent = WORDS[now]
    on.hidden = now !== "off"
    off.hidden = now !== "on"
  }
  const act = async (button, change) => {
    button.disabled = true
    try {
      await change()
      location.reload()
    } catch (error) {
      toast(error.detail ?? "The browser's push service can't be reached.")
      await show()
    } finally {
      button.disabled = false
    }
  }
  on.addEventListener("click", () => act(on, turnOn))
  off.addEventListener("click", () => act(off, turnOff))
  await keepUp({ now: true }).catch(() => {})
  await show()
}
