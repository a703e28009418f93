import { noticeOf } from "../models/push_notice.js"
import { addressOf } from "./address.js"

/** Shows what a push says, and closes what was read elsewhere. */
export function onPush(event) {
  event.waitUntil(show(payloadOf(event.data)))
}

/** Opens the place of a notification: in a tab of this site if there is one. */
export function onNotificationClick(event) {
  event.notification.close()
  event.waitUntil(open(addressOf(event.notification.data, location.origin)))
}

function payloadOf(data) {
  try {
    return data?.json() ?? null
  } catch {
    return null
  }
}

async function show(payload) {
  const { title, options, closed } = noticeOf(payload)
  await registration.showNotification(title, options)
  for (const tag of closed) for (const notification of await registration.getNotifications({ tag })) notification.close()
}

async function open(address) {
  const windows = await clients.matchAll({ type: "window" })
  const there = windows.find(({ url }) => url === address) ?? windows[0]
  if (!there) return clients.openWindow(address)
  await there.focus()
  if (there.url !== address) await there.navigate(address)
}
