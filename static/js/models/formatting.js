const WRAPPING_MARKS = { bold: "**", italic: "_", strike: "~~", code: "`" }
const LINE_PREFIXES = { quote: "> ", list: "- " }

/** Adds markdown around or before the selection of a text, or removes it where it is there. Returns {text, start, end}. */
export function format(kind, text, start, end) {
  if (WRAPPING_MARKS[kind]) return wrap(WRAPPING_MARKS[kind], text, start, end)
  if (LINE_PREFIXES[kind]) return prefixLines(LINE_PREFIXES[kind], text, start, end)
  if (kind === "block") return codeBlock(text, start, end)
  return link(text, start, end)
}

function wrap(mark, text, start, end) {
  const size = mark.length
  if (text.slice(start - size, start) === mark && text.slice(end, end + size) === mark) {
    return splice(text, start - size, end + size, text.slice(start, end), 0, 0)
  }
  return splice(text, start, end, mark + text.slice(start, end) + mark, size, size)
}

function prefixLines(prefix, text, start, end) {
  const from = text.lastIndexOf("\n", start - 1) + 1
  const lines = text.slice(from, end).split("\n")
  const prefixed = lines.every((line) => line.startsWith(prefix))
  const changed = lines.map((line) => (prefixed ? line.slice(prefix.length) : prefix + line)).join("\n")
  return { text: text.slice(0, from) + changed + text.slice(end), start: from + changed.length, end: from + changed.length }
}

function codeBlock(text, start, end) {
  const opening = start > 0 && text[start - 1] !== "\n" ? "\n```\n" : "```\n"
  return splice(text, start, end, `${opening}${text.slice(start, end)}\n\`\`\``, opening.length, 4)
}

/** Makes the selection a link, with the caret where its text or its address is still to be typed. */
function link(text, start, end) {
  const label = text.slice(start, end)
  const markdown = `[${label}](https://)`
  const caret = label ? start + markdown.length - 1 : start + 1
  return { text: text.slice(0, start) + markdown + text.slice(end), start: caret, end: caret }
}

/** Replaces text[start:end] and selects the inserted text, but for so many characters of its beginning and end. */
function splice(text, start, end, inserted, skippedBefore, skippedAfter) {
  return {
    text: text.slice(0, start) + inserted + text.slice(end),
    start: start + skippedBefore,
    end: start + inserted.length - skippedAfter,
  }
}
