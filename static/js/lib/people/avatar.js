import { buildIcon, part } from "../page/dom.js"

// Sides by the class of an avatar, and of the picture's files for screens of one and two pixels for each CSS pixel, as in
// chatsite/web/templatetags/avatars.py.
const SIDES = { tiny: 16, side: 18, small: 24, medium: 30, large: 64 }
const SIDE = 36
const SMALL_FILES = [48, 96]
const LARGE_FILES = [96, 256]

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
  renderPicture(avatar, person.avatar.url)
  const dot = avatar.querySelector("[data-presence]")
  if (!dot) return
  const shownDot = document.querySelector(`[data-presence="${CSS.escape(person.username)}"]:not([hidden])`)
  dot.hidden = !shownDot
  dot.dataset.availability = shownDot?.dataset.availability ?? ""
  dot.dataset.presence = person.username
}

/** Builds the picture of an avatar's address with `{size}`; `size` is a class. */
export function buildPicture(url, size = "") {
  const picture = document.createElement("img")
  const [one, two] = size === "large" ? LARGE_FILES : SMALL_FILES
  picture.width = picture.height = SIDES[size] ?? SIDE
  picture.alt = ""
  picture.dataset.part = "picture"
  picture.srcset = `${url.replace("{size}", two)} 2x`
  picture.src = url.replace("{size}", one)
  return picture
}

/** Builds the mark of a room that isn't direct: its picture, or its kind's icon. */
export function buildRoomMark({ kind, avatar }) {
  return avatar?.url ? buildPicture(avatar.url, "side") : buildIcon(kind === "private" ? "lock" : "hash")
}

/** Reads the initials, the colour and the picture back from an avatar of the page. */
export function avatarOf(element) {
  return {
    url: part(element, "picture")?.getAttribute("src").replace(/\/\d+$/, "/{size}") ?? null,
    initials: part(element, "initials").textContent,
    color: /avatar-(\d)/.exec(element.className)?.[1] ?? 0,
  }
}

function renderPicture(avatar, url) {
  const size = Object.keys(SIDES).find((name) => avatar.classList.contains(name))
  const picture = url ? buildPicture(url, size) : null
  const before = part(avatar, "picture")
  if (picture?.src === before?.src) return
  before?.remove()
  if (picture) part(avatar, "initials").after(picture)
}

function presenceDot() {
  const dot = document.createElement("span")
  dot.className = "presence"
  dot.dataset.presence = ""
  return dot
}
