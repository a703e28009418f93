import { part } from "../page/dom.js"

/** What stands in a row below its text, from the top down. */
const BELOW = ["forwarded", "files", "link-previews", "reactions"]

/** Puts the part `name` of a message, one of BELOW, under those of its row that stand above it. */
export function insertPart(row, name, element) {
  const above = BELOW.slice(0, BELOW.indexOf(name)).map((each) => part(row, each)).filter(Boolean).at(-1)
  const last = above ?? part(row, "body").parentElement
  last.after(element)
}
