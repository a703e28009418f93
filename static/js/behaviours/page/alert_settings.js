import { alertSettings, play } from "../../lib/page/alert_settings.js"
import { part } from "../../lib/page/dom.js"

/** Switches notifications of open pages on and off in this browser, and chooses their sound. */
export function mount(element) {
  const [state, button, sound] = ["state", "switch", "sound"].map((name) => part(element, name))
  const isOn = () => alertSettings.on && globalThis.Notification?.permission === "granted"
  const show = () => {
    const denied = globalThis.Notification?.permission === "denied"
    state.textContent = denied
      ? "This browser refuses notifications of this site; its settings change that."
      : isOn() ? "Open pages show notifications in this browser." : "Open pages show no notifications in this browser."
    button.textContent = isOn() ? "Show none" : "Show notifications of open pages"
    button.hidden = denied || !globalThis.Notification
    sound.value = alertSettings.sound
  }
  button.addEventListener("click", async () => {
    // Browsers ask when somebody clicks, and for good where it is denied.
    alertSettings.on = !isOn() && (await Notification.requestPermission()) === "granted"
    show()
  })
  sound.addEventListener("change", () => {
    alertSettings.sound = sound.value
    play(sound.value)
  })
  show()
}
