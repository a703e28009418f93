/** The username of the person whose page this is; empty for nobody. */
export const me = document.querySelector("[data-me]")?.dataset.me ?? ""
