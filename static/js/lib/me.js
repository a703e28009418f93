/** Whose page this is. */
export const me = document.querySelector("[data-me]")?.dataset.me ?? ""
