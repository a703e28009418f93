/** The service worker, which the site serves as /sw.js: it shows pushes, and opens what they tell of. */
import { onNotificationClick, onPush } from "./push.js"

addEventListener("install", () => skipWaiting())
addEventListener("activate", (event) => event.waitUntil(clients.claim()))
addEventListener("push", onPush)
addEventListener("notificationclick", onNotificationClick)
