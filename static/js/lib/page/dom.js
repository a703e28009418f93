/** The element below `root` that is marked `data-part="name"`. */
export function part(root, name) {
  return root.querySelector(`[data-part="${name}"]`)
}

/** A copy of the first element inside a <template>. */
export function cloneTemplate(template) {
  return document.importNode(template.content, true).firstElementChild
}

/** The data that the page's template wrote by `json_script`; null where it wrote none. */
export function pageData(id) {
  const element = document.getElementById(id)
  return element ? JSON.parse(element.textContent) : null
}

/** Sets a cookie of the whole site for a year. */
export function setCookie(name, value) {
  const secure = location.protocol === "https:" ? "; Secure" : ""
  document.cookie = `${name}=${value}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`
}

/** Builds an icon of the sprite, whose address is taken from an icon of the page. */
export function buildIcon(name) {
  const sprite = document.querySelector("svg.icon use").getAttribute("href").split("#")[0]
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg")
  svg.setAttribute("class", "icon")
  svg.setAttribute("aria-hidden", "true")
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use")
  use.setAttribute("href", `${sprite}#${name}`)
  svg.append(use)
  return svg
}
