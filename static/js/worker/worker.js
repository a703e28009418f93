/**
 * The service worker, which chatsite/web_app.py serves as /sw.js with what differs from version to version in `SITE`. It opens
 * a page when there is no network, takes what other programs share, and shows pushes. All other requests are the browser's.
 *
 * A page is never kept: the one of the server is shown, or the page that says that there is no connection. So no version of
 * a page outlives an upgrade, and each version keeps its files in a cache of its own.
 */
import { onNotificationClick, onPush } from "./push.js"
import { keepSharedFiles } from "./sharing.js"

// {version, offline, files}: the address of the page without a connection, and the files that it needs.
const SITE = globalThis.SITE
const PREFIX = "chatsite-"
const CACHE = PREFIX + SITE.version
// Answers of a proxy whose server is away; the server itself never gives them.
const SERVER_AWAY = [502, 504]

addEventListener("install", (event) => event.waitUntil(install()))
addEventListener("activate", (event) => event.waitUntil(activate()))
addEventListener("fetch", (event) => {
  const answer = answerTo(event)
  if (answer) event.respondWith(answer)
})
addEventListener("push", onPush)
addEventListener("notificationclick", onNotificationClick)

async function install() {
  const cache = await caches.open(CACHE)
  await cache.addAll([SITE.offline, ...SITE.files])
  await skipWaiting()
}

async function activate() {
  const names = await caches.keys()
  await Promise.all(names.filter((name) => name.startsWith(PREFIX) && name !== CACHE).map((name) => caches.delete(name)))
  await registration.navigationPreload?.enable()
  await clients.claim()
}

/** The answer to a request; undefined for one that is the browser's. */
function answerTo(event) {
  const { request } = event
  const { origin, pathname } = new URL(request.url)
  if (origin !== location.origin) return undefined
  if (request.method === "POST" && pathname === "/share") return share(event)
  if (request.method !== "GET") return undefined
  if (request.mode === "navigate") return open(event)
  return SITE.files.includes(pathname) ? fromCache(request, pathname) : undefined
}

async function open(event) {
  try {
    const answer = (await event.preloadResponse) ?? (await fetch(event.request))
    if (!SERVER_AWAY.includes(answer.status)) return answer
  } catch {
    // There is no network.
  }
  return offlinePage()
}

async function offlinePage() {
  return (await caches.match(SITE.offline, { cacheName: CACHE })) ?? Response.error()
}

async function fromCache(request, pathname) {
  return (await caches.match(pathname, { cacheName: CACHE })) ?? fetch(request)
}

/** Keeps shared files in this browser until their room is chosen, and asks the server for the page that chooses it. */
async function share({ request }) {
  const form = await request.formData()
  await keepSharedFiles(form.getAll("files"))
  const words = new FormData()
  for (const name of ["title", "text", "url"]) words.append(name, form.get(name) ?? "")
  try {
    return await fetch("/share", { method: "POST", body: words, redirect: "manual" })
  } catch {
    return offlinePage()
  }
}
