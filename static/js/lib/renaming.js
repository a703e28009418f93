import { dress, part } from "./dom.js"
import { live } from "./live.js"
import { me } from "./me.js"
import { fillHandle, introduce } from "./signs.js"

/** A person's new name wherever the page shows it: messages, quotes, members, and my own at the foot of the sidebar. */
export function watchNames() {
  live.on("user-updated", (user) => {
    const who = CSS.escape(user.username)
    for (const row of document.querySelectorAll(`.message[data-user="${who}"], .member[data-user="${who}"]`)) rename(row, user)
    for (const name of document.querySelectorAll(`[data-part=quote-name][title="@${who}"]`)) requote(name, user)
    if (user.username === me) renameMe(user)
  })
}

function rename(row, user) {
  introduce(row, user)
  if (part(row, "handle")) fillHandle(part(row, "handle"), user)
  dress(part(row, "avatar"), user)
}

function requote(name, user) {
  name.textContent = user.display_name
  fillHandle(part(name.parentElement, "quote-username"), user)
}

function renameMe(user) {
  const mine = document.querySelector(".sidebar-me")
  mine.querySelector(".me-name").textContent = user.display_name
  mine.querySelector(".avatar").firstChild.textContent = user.avatar.initials
}
