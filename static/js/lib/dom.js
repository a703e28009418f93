/** The element of a template that is marked `data-part="name"`. */
export function part(root, name) {
  return root.querySelector(`[data-part="${name}"]`)
}

/** A copy of the first element inside a <template>. */
export function copyOf(template) {
  return document.importNode(template.content, true).firstElementChild
}

/** What a template tag wrote by json_script. */
export function pageData(id) {
  const element = document.getElementById(id)
  return element ? JSON.parse(element.textContent) : null
}

export function cookie(name, value) {
  const secure = location.protocol === "https:" ? "; Secure" : ""
  document.cookie = `${name}=${value}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`
}

export function icon(name) {
  const known = document.querySelector("svg.icon use").getAttribute("href").split("#")[0]
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg")
  svg.setAttribute("class", "icon")
  svg.setAttribute("aria-hidden", "true")
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use")
  use.setAttribute("href", `${known}#${name}`)
  svg.append(use)
  return svg
}

/** Puts a person's initials and colour on an avatar, and their dot, if another one on the page says that they are here. */
export function dress(avatar, person) {
  avatar.className = avatar.className.replace(/\bavatar-\S*/, `avatar-${person.avatar.color}`)
  part(avatar, "initials").textContent = person.avatar.initials
  const dot = avatar.querySelector("[data-presence]")
  if (!dot) return
  const shown = `[data-presence="${CSS.escape(person.username)}"]:not([hidden])`
  dot.hidden = !document.querySelector(shown)
  dot.dataset.presence = person.username
}
