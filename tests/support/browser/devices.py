"""People's devices: browsers that are logged in each by itself, and what a browser without a head lacks of a device.

Headless Chromium shows no notification and plays no sound, has no push service, and its pages are always visible and in
focus. So the pages get these from here: `Notification`, `AudioContext` and `setAppBadge` that note what they are told,
`PushManager` with a subscription whose keys the tests' push service made, and `away` for whoever isn't looking. What that
service received and decrypted is handed to the site's own service worker as a real push event, by the browser's debugger;
there `showNotification` and `getNotifications` note what the device shows."""

import json

from tests.support.browser.people import HERE, PHONE
from tests.support.clients.cast import Browser
from tests.support.run.waiting import wait_for

# The permission, and a subscription that is there once somebody asked for one.
SUBSCRIPTION = """
const fields = %s
Object.defineProperty(Notification, "permission", { get: () => localStorage.getItem("permission") ?? "default" })
Notification.requestPermission = async () => localStorage.setItem("permission", "granted") ?? "granted"
const made = (key) => ({
  endpoint: fields.endpoint,
  options: { applicationServerKey: Uint8Array.from(key).buffer },
  toJSON: () => ({ endpoint: fields.endpoint, keys: { p256dh: fields.p256dh, auth: fields.auth } }),
  unsubscribe: async () => localStorage.removeItem("subscription") ?? true,
})
PushManager.prototype.getSubscription = async () => {
  const key = localStorage.getItem("subscription")
  return key ? made(JSON.parse(key)) : null
}
PushManager.prototype.subscribe = async ({ applicationServerKey, userVisibleOnly }) => {
  if (!userVisibleOnly) throw new Error("a push that shows nothing")
  localStorage.setItem("subscription", JSON.stringify([...applicationServerKey]))
  return made([...applicationServerKey])
}
"""
# Alerts wait a second for what other tabs and devices say of them; while `held` is a list, until LET_GO.
HOLD_ALERTS = """
globalThis.held = null
const later = setTimeout
globalThis.setTimeout = (act, ms, ...rest) => (held && ms === 1000 ? held.push(act) : later(act, ms, ...rest))
"""
HOLD, LET_GO = "held = []", "held.forEach((act) => act()); held = null"
# `rung` is all that the device's pages ever alerted, `sounds` how often they were heard; `alerts` what this page shows now.
PAGE = """
globalThis.alerts = new Set()
const noted = (name) => JSON.parse(localStorage.getItem(name) ?? "[]")
const note = (name, one) => localStorage.setItem(name, JSON.stringify([...noted(name), one]))
globalThis.Notification = class extends EventTarget {
  constructor(title, options) {
    super()
    this.text = options.body
    for (const other of alerts) if (other.tag === options.tag) alerts.delete(other)
    this.tag = options.tag
    alerts.add(this)
    note("rung", options.body)
  }
  close() {
    alerts.delete(this)
  }
}
globalThis.AudioContext = class {
  currentTime = 0
  createOscillator = () => ({ frequency: {}, connect: (next) => next, start: () => note("sounds", 1), stop() {} })
  createGain = () => ({ gain: { setValueAtTime() {}, exponentialRampToValueAtTime() {} }, connect() {} })
  close() {}
}
navigator.setAppBadge = async (count) => { globalThis.badge = count }
globalThis.away = false
Object.defineProperty(document, "visibilityState", { get: () => (away ? "hidden" : "visible") })
document.hasFocus = () => !away
ServiceWorkerRegistration.prototype.getNotifications = () => new Promise((resolve) => {
  const worker = new BroadcastChannel("shown")
  const closing = (one) => ({ ...one, close: () => worker.postMessage({ close: one.tag }) })
  worker.onmessage = ({ data }) => data.shown && resolve(data.shown.map(closing))
  worker.postMessage({ asked: true })
})
"""
# `shown` is what the device shows, `rung` all that it ever did.
WORKER = """() => {
  globalThis.shown = []
  globalThis.rung = []
  globalThis.asked = new BroadcastChannel("shown")
  const without = (tag) => (shown = shown.filter((other) => other.tag !== tag))
  asked.onmessage = ({ data }) => (data.close ? without(data.close) : asked.postMessage({ shown }))
  ServiceWorkerRegistration.prototype.showNotification = async (title, options) => {
    shown = [...without(options.tag), { title, tag: options.tag, data: options.data, body: options.body }]
    rung.push(options.body)
  }
  ServiceWorkerRegistration.prototype.getNotifications = async ({ tag }) =>
    shown.filter((one) => one.tag === tag).map((one) => ({ ...one, close: () => without(tag) }))
}"""
CONTROLLED = "() => navigator.serviceWorker.controller !== null"


class Device:
    """One browser of a person's, with one page. `subscription` is what the push service has for it."""

    def __init__(self, visits, service, who, path="/profile", **form):
        self.server, self.subscription = visits.server, service.device()
        context = visits.spares.take({**HERE, **form})
        session = Browser(self.server, who).cookies["sessionid"]
        context.add_cookies([{"name": "sessionid", "value": session, "url": self.server.url}])
        self.page, self.worker, self.handed = context.new_page(), None, 0
        script = HOLD_ALERTS + PAGE + SUBSCRIPTION % json.dumps(self.subscription.fields)
        settings = {"permission": "granted", f"alerts-{who}": "on", f"alert-sound-{who}": "knock"}
        script += f"Object.assign(localStorage, {json.dumps(settings)})"
        # A page of nothing has no storage.
        self.page.add_init_script(f"if (location.protocol !== 'about:') {{\n{script}\n}}")
        self.open(path)

    def open(self, path):
        self.page.goto(self.server.url + path)
        self.page.wait_for_selector("html[data-live-status=online]")
        return self.page

    def use(self):
        """Have somebody in front of the page, and at its mouse."""
        self.page.evaluate("away = false; document.dispatchEvent(new Event('visibilitychange'))")
        self.page.mouse.move(60, 60)
        self.page.mouse.move(70, 70)

    def leave(self):
        """Have another window in front of the page."""
        self.page.evaluate("away = true; document.dispatchEvent(new Event('visibilitychange'))")

    def close(self):
        """Have no page of the site open."""
        self.page.goto("about:blank")

    def take_pushes(self):
        """Switch pushes on as people do, on the page of their devices, and let the worker note what it shows."""
        self.page.get_by_role("button", name="Notify me on this device").click()
        self.page.get_by_text("This device is told.").wait_for()
        self.page.wait_for_function(CONTROLLED)
        self.worker = self.page.context.service_workers[0]
        self.worker.evaluate(WORKER)
        self.debugger, found = self.page.context.new_cdp_session(self.page), []
        self.debugger.on("ServiceWorker.workerRegistrationUpdated", lambda event: found.append(event))
        self.debugger.send("ServiceWorker.enable")
        while not any(event["registrations"] for event in found):
            self.page.wait_for_timeout(20)
        self.registration = found[0]["registrations"][0]["registrationId"]

    def shown(self):
        """Return title and text of each notification of a push that the device shows, after all that came."""
        for text in self.subscription.texts[self.handed :]:
            about = {"origin": self.server.url, "registrationId": self.registration, "data": json.dumps(text)}
            self.debugger.send("ServiceWorker.deliverPushMessage", about)
            self.handed += 1
            wait_for(lambda: len(self.worker.evaluate("rung")) == self.handed)
        return [[one["title"], one["body"]] for one in self.worker.evaluate("shown")]

    def alerts(self):
        """Return the texts of the notifications that the open page shows."""
        return self.page.evaluate("[...alerts].map(({ text }) => text)")

    def rung(self):
        """Return the texts of all that the device's pages ever alerted; each made a sound."""
        rung, sounds = self.page.evaluate(
            "['rung', 'sounds'].map((name) => JSON.parse(localStorage.getItem(name) ?? '[]'))"
        )
        assert len(rung) * 2 == len(sounds)
        return rung


class Person:
    """Somebody with a desk, another desk, and a phone that takes pushes."""

    def __init__(self, visits, service, name, room):
        self.name = name
        self.phone = Device(visits, service, name, "/profile/devices", **PHONE)
        self.phone.take_pushes()
        self.phone.close()
        self.desk = Device(visits, service, name, f"/chat/{room}")
        self.other = Device(visits, service, name, "/inbox")

    @property
    def devices(self):
        return [self.desk, self.other, self.phone]
