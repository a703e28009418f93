import { part } from "./dom.js"

/** The members of this room, as the list beside the talk has them: {username, display_name, online, avatar}. */
export function people() {
  return [...document.querySelectorAll(".members .member")].map((row) => ({
    username: row.dataset.user,
    display_name: part(row, "name").textContent,
    online: Boolean(row.closest("[data-list=here]")),
    avatar: {
      initials: part(row, "initials").textContent,
      color: /avatar-(\d)/.exec(part(row, "avatar").className)?.[1] ?? 0,
    },
  }))
}

/** Whether the list has them all; of a large room it has a part. */
export function allShown() {
  return [...document.querySelectorAll(".members [data-more]")].every((list) => Number(list.dataset.more) === 0)
}

export function nameOf(username) {
  const row = document.querySelector(`.members .member[data-user="${CSS.escape(username)}"]`)
  return row ? part(row, "name").textContent : username
}
