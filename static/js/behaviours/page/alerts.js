import { connection } from "../../lib/connection/connection.js"
import { alertSettings, play } from "../../lib/page/alert_settings.js"
import { Alerts, titleOf } from "../../models/alerts.js"

// Time for the tab that shows the room to say so before another one alerts, and for another device to say that it was read.
const OTHERS_WAIT_MS = 1000
// Longer than that: timers of hidden tabs may be late by a second.
const CLAIM_MS = 4000

/**
 * Shows a notification of the desktop and plays a sound for what the server tells this person of, once in all tabs, one for
 * each room, and not for what they have in front of them, on this device or another.
 */
export function mount() {
  const alerts = new Alerts()
  const shown = new Map()

  connection.on("alert", async (alert) => {
    if (!alerts.accept(alert)) return
    const name = `alert ${alert.room} ${alert.message_seq}`
    if (isLookingAt(alert.room)) return claim(name)
    await new Promise((done) => setTimeout(done, OTHERS_WAIT_MS))
    if (alertSettings.on && !alerts.isRead(alert) && (await claim(name))) show(alert)
  })
  connection.on("membership-updated", ({ room, unread, ...read }) => {
    alerts.noteRead({ room, ...read })
    if (unread) return
    shown.get(room)?.close()
    shown.delete(room)
  })

  function show(alert) {
    play(alertSettings.sound)
    const notification = notify(titleOf(alert), { body: alert.text, tag: `room ${alert.room}`, silent: true })
    if (!notification) return
    shown.set(alert.room, notification)
    notification.addEventListener("click", () => {
      focus()
      notification.close()
      location.assign(`/chat/${alert.room}/message/${alert.message}#message-${alert.message}`)
    })
  }
}

function isLookingAt(room) {
  return document.visibilityState === "visible" && document.hasFocus() && location.pathname === `/chat/${room}`
}

/** Resolves with whether this tab is the first to ask for a name. Without locks (plain http) each tab is. */
function claim(name) {
  if (!navigator.locks) return true
  return new Promise((resolve) => {
    navigator.locks.request(name, { ifAvailable: true }, (lock) => {
      resolve(Boolean(lock))
      return lock && new Promise((done) => setTimeout(done, CLAIM_MS))
    })
  })
}

/** The browser's notification; null where it isn't allowed, or only a service worker may show one (phones, which have pushes). */
function notify(title, options) {
  if (globalThis.Notification?.permission !== "granted") return null
  try {
    return new Notification(title, options)
  } catch {
    return null
  }
}
