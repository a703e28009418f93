import { get, post, remove } from "../connection/rest.js"
import { me } from "../page/me.js"
import { hasWorker } from "../page/service_worker.js"
import { storage } from "../page/storage.js"

// The person for whom this browser takes pushes: a page of somebody else's must not renew it for them.
const PERSON_KEY = "push-for"
const RENEWED_KEY = "push-renewed"
const RENEW_MS = 3_600_000

export const isSupported = hasWorker && "PushManager" in window && "Notification" in window

/** "unsupported", "denied", "on" or "off": whether this browser takes pushes for the person. */
export async function state() {
  if (!isSupported) return "unsupported"
  if (Notification.permission === "denied") return "denied"
  const wanted = storage.getItem(PERSON_KEY) === me && Notification.permission === "granted"
  return wanted && (await current()) ? "on" : "off"
}

/** Asks for permission and subscribes. Call it by a click: browsers refuse the question otherwise. */
export async function turnOn() {
  if ((await Notification.requestPermission()) !== "granted") throw { code: "forbidden", detail: "Your browser was told not to show notifications of this site. Its settings can change that." }
  const subscription = await subscribe()
  await tell(subscription)
  storage.setItem(PERSON_KEY, me)
}

/** Unsubscribes: the site forgets the device, and so does its push service. */
export async function turnOff() {
  storage.removeItem(PERSON_KEY)
  const subscription = await current()
  const { results } = await get("/push")
  for (const device of results) if (device.current) await remove(`/push/${device.id}`)
  await subscription?.unsubscribe()
}

/**
 * Keeps up what the person switched on: a subscription that the browser lost is made anew, and the site is told from time to
 * time, as it may have lost it too. `now` tells it in any case.
 */
export async function keepUp({ now = false } = {}) {
  if (!isSupported || storage.getItem(PERSON_KEY) !== me || Notification.permission !== "granted") return
  const told = Number(sessionStorage.getItem(RENEWED_KEY))
  if (!now && told && Date.now() - told < RENEW_MS && (await current())) return
  await tell(await subscribe())
  sessionStorage.setItem(RENEWED_KEY, String(Date.now()))
}

/** Closes the notification of a room that was read. */
export async function closeNotices(room) {
  const registration = isSupported ? await navigator.serviceWorker.getRegistration() : null
  const shown = (await registration?.getNotifications()) ?? []
  for (const notification of shown) if (notification.data?.room === room) notification.close()
}

async function current() {
  const registration = await navigator.serviceWorker.getRegistration()
  return (await registration?.pushManager.getSubscription()) ?? null
}

/** Returns the browser's subscription, which is bound to the site's key. */
async function subscribe() {
  await navigator.serviceWorker.register("/sw.js", { updateViaCache: "none" })
  const { pushManager } = await navigator.serviceWorker.ready
  const { key } = await get("/push/key")
  const there = await pushManager.getSubscription()
  if (there && isBoundTo(there, key)) return there
  await there?.unsubscribe()
  return pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytesOf(key) })
}

function isBoundTo(subscription, key) {
  const bound = new Uint8Array(subscription.options.applicationServerKey ?? [])
  const wanted = bytesOf(key)
  return bound.length === wanted.length && bound.every((byte, index) => byte === wanted[index])
}

function tell(subscription) {
  const { endpoint, keys } = subscription.toJSON()
  return post("/push", { endpoint, p256dh: keys.p256dh, auth: keys.auth })
}

function bytesOf(key) {
  const padded = key.replaceAll("-", "+").replaceAll("_", "/").padEnd(Math.ceil(key.length / 4) * 4, "=")
  return Uint8Array.from(atob(padded), (character) => character.charCodeAt(0))
}
