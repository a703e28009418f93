import { me } from "./me.js"
import { get } from "./rest.js"
import { storage } from "./storage.js"

// Of this browser: who is signed in, as its newest page says. Empty for nobody.
const WHOSE = "signed-in"
let over = false

/**
 * A page that the browser had kept, and brings back, shows nothing until it is known that it is still its person's: they
 * may have logged out since, or somebody else may sit here.
 */
export function watchVisits() {
  const [navigation] = performance.getEntriesByType("navigation")
  // Out of the cache of answers the page is loaded as if it were new.
  if (navigation?.type === "back_forward" && storage.getItem(WHOSE) !== me) return again()
  storage.setItem(WHOSE, me)
  // Before it is put away, so that not even its first moment shows anything.
  addEventListener("pagehide", ({ persisted }) => persisted && me && cover())
  addEventListener("pageshow", ({ persisted }) => persisted && confirm())
}

export function cover() {
  document.documentElement.dataset.covered = ""
}

export function uncover() {
  if (!over) delete document.documentElement.dataset.covered
}

async function confirm() {
  if (storage.getItem(WHOSE) !== me) return again()
  try {
    if (me && (await get("/user/me")).username !== me) return again()
  } catch (error) {
    if (error.code === "unauthorized") return again()
    // Nobody answers. No other person has been here, nor has this one logged out here.
  }
  uncover()
}

function again() {
  // Not even where a connection opens meanwhile, perhaps as somebody else.
  over = true
  cover()
  location.reload()
}
