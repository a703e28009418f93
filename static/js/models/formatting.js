const AROUND = { bold: "**", italic: "_", strike: "~~", code: "`" }
const LINES = { quote: "> ", list: "- " }

/** Markdown around or before the selected part of a text. Again takes it off. Returns {text, start, end}. */
export function format(kind, text, start, end) {
  if (AROUND[kind]) return around(AROUND[kind], text, start, end)
  if (LINES[kind]) return atLines(LINES[kind], text, start, end)
  if (kind === "block") return block(text, start, end)
  return link(text, start, end)
}

function around(mark, text, start, end) {
  const size = mark.length
  if (text.slice(start - size, start) === mark && text.slice(end, end + size) === mark) {
    return replaced(text, start - size, end + size, text.slice(start, end), 0, 0)
  }
  return replaced(text, start, end, mark + text.slice(start, end) + mark, size, size)
}

function atLines(mark, text, start, end) {
  const from = text.lastIndexOf("\n", start - 1) + 1
  const lines = text.slice(from, end).split("\n")
  const marked = lines.every((line) => line.startsWith(mark))
  const changed = lines.map((line) => (marked ? line.slice(mark.length) : mark + line)).join("\n")
  return { text: text.slice(0, from) + changed + text.slice(end), start: from + changed.length, end: from + changed.length }
}

function block(text, start, end) {
  const before = start > 0 && text[start - 1] !== "\n" ? "\n```\n" : "```\n"
  return replaced(text, start, end, `${before}${text.slice(start, end)}\n\`\`\``, before.length, 4)
}

function link(text, start, end) {
  const words = text.slice(start, end)
  const made = `[${words}](https://)`
  const target = text.slice(0, start) + made + text.slice(end)
  if (!words) return { text: target, start: start + 1, end: start + 1 }
  return { text: target, start: start + made.length - 1, end: start + made.length - 1 }
}

function replaced(text, start, end, middle, fromLeft, fromRight) {
  return {
    text: text.slice(0, start) + middle + text.slice(end),
    start: start + fromLeft,
    end: start + middle.length - fromRight,
  }
}
