/**
 * Guards pages that the browser restores (back and forward): they stay concealed until the person whose page it is turns
 * out to be signed in still. They may have logged out since, or somebody else may use this browser now.
 */
import { me } from "../page/me.js"
import { storage } from "../page/storage.js"
import { get } from "./rest.js"

// The username that the newest page of this browser belongs to; empty for nobody.
const SIGNED_IN_KEY = "signed-in"
let reloading = false

export function guardRestoredPages() {
  const [navigation] = performance.getEntriesByType("navigation")
  // A page from the HTTP cache is loaded as if it were new: `pageshow` says nothing of it.
  if (navigation?.type === "back_forward" && storage.getItem(SIGNED_IN_KEY) !== me) return reload()
  storage.setItem(SIGNED_IN_KEY, me)
  // Concealed before it is stored, so that not even the first frame after a restore shows anything.
  addEventListener("pagehide", ({ persisted }) => persisted && me && conceal())
  addEventListener("pageshow", ({ persisted }) => persisted && verifyOwner())
}

export function conceal() {
  document.documentElement.dataset.concealed = ""
}

export function reveal() {
  if (!reloading) delete document.documentElement.dataset.concealed
}

async function verifyOwner() {
  if (storage.getItem(SIGNED_IN_KEY) !== me) return reload()
  try {
    if (me && (await get("/user/me")).username !== me) return reload()
  } catch (error) {
    if (error.code === "unauthorized") return reload()
    // The server doesn't answer: nobody else has signed in here, nor has this person logged out here.
  }
  reveal()
}

function reload() {
  // Stays concealed even where a connection opens meanwhile, perhaps as somebody else.
  reloading = true
  conceal()
  location.reload()
}
