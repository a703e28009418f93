import { part } from "../page/dom.js"
import { avatarOf } from "../people/avatar.js"

/** The members that the list beside the messages shows: {username, display_name, online, avatar}. */
export function listedMembers() {
  return [...document.querySelectorAll(".members .member")].map((row) => ({
    username: row.dataset.user,
    display_name: part(row, "name").textContent,
    online: Boolean(row.closest("[data-list=here]")),
    avatar: avatarOf(part(row, "avatar")),
  }))
}

/** Whether the list shows all members; of a large room it shows a part. */
export function allMembersListed() {
  return [...document.querySelectorAll(".members [data-more]")].every((list) => Number(list.dataset.more) === 0)
}

/** The display name of a listed member or of a sender on the page; of anybody else, the username. */
export function displayNameOf(username) {
  const user = `[data-user="${CSS.escape(username)}"]`
  const row = document.querySelector(`.members .member${user}`) ?? document.querySelector(`.log .message${user}`)
  return row ? part(row, "name").textContent : username
}
