import { part } from "../page/dom.js"

/** Builds a person's avatar with the elements of `templates/_avatar.html`; `size` is a class, `dot` adds the presence dot. */
export function buildAvatar(person, { size = "", dot = false } = {}) {
  const avatar = document.createElement("span")
  avatar.className = `avatar avatar- ${size}`.trim()
  avatar.dataset.part = "avatar"
  avatar.setAttribute("aria-hidden", "true")
  const initials = document.createElement("span")
  initials.dataset.part = "initials"
  avatar.append(initials)
  if (dot) avatar.append(presenceDot())
  renderAvatar(avatar, person)
  return avatar
}

/**
 * Fills an avatar with a person's initials and colour. Its presence dot, where it has one, is shown if another dot of that
 * person on the page is.
 */
export function renderAvatar(avatar, person) {
  avatar.className = avatar.className.replace(/\bavatar-\S*/, `avatar-${person.avatar.color}`)
  part(avatar, "initials").textContent = person.avatar.initials
  const dot = avatar.querySelector("[data-presence]")
  if (!dot) return
  const shownDot = `[data-presence="${CSS.escape(person.username)}"]:not([hidden])`
  dot.hidden = !document.querySelector(shownDot)
  dot.dataset.presence = person.username
}

/** Reads the initials and the colour back from an avatar of the page. */
export function avatarOf(element) {
  return {
    initials: part(element, "initials").textContent,
    color: /avatar-(\d)/.exec(element.className)?.[1] ?? 0,
  }
}

function presenceDot() {
  const dot = document.createElement("span")
  dot.className = "presence"
  dot.dataset.presence = ""
  return dot
}
