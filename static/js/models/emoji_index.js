import { fold } from "./fold.js"

const OWN = "this site"

/**
 * Unicode's emoji with their names: {emoji, group, version, name, shortNames, words, tones}, in Unicode's order; and the
 * site's own, which have a `url`.
 */
export class EmojiIndex {
  /** `data` is static/vendor/emoji/en.json; emoji newer than `newest` can't be seen on this device, and are left out. */
  constructor({ groups, emoji }, newest = Infinity) {
    this.unicode = emoji.filter(([, , version]) => version <= newest).map(readRow)
    this.unicodeGroups = Object.entries(groups).map(([number, name]) => ({
      name,
      rows: this.unicode.filter((row) => row.group === Number(number)),
    }))
    this.takeOwn([])
  }

  /** Takes the site's own emoji, {name, url} each, in place of those before. */
  takeOwn(pictures) {
    const own = pictures.map(readOwn)
    this.rows = [...own, ...this.unicode]
    this.groups = own.length ? [{ name: OWN, rows: own }, ...this.unicodeGroups] : this.unicodeGroups
    this.byEmoji = new Map(this.rows.flatMap((row) => [row.emoji, ...row.tones].map((spelling) => [spelling, row])))
  }

  /** The emoji of which each typed word begins a name or a word that describes it, the best first. */
  search(typed, limit = Infinity) {
    const words = fold(typed.replaceAll(/[:_-]/g, " ")).split(" ").filter(Boolean)
    if (!words.length) return []
    return this.best((row) => {
      const points = words.map((word) => pointsOf(row, word))
      return points.includes(0) ? 0 : points.reduce((sum, one) => sum + one) + (row.shortNames.includes(words.join("_")) ? 100 : 0)
    }, limit)
  }

  /** The emoji whose short name (`:name:`) begins with what is typed; those where only a later word does come behind. */
  complete(typed, limit) {
    const query = typed.toLowerCase()
    return this.best((row) => Math.max(...row.shortNames.map((name) => pointsOfName(name, query))), limit)
  }

  best(pointsFor, limit) {
    return this.rows
      .map((row) => ({ row, points: pointsFor(row) }))
      .filter(({ points }) => points > 0)
      .sort((one, other) => other.points - one.points)
      .slice(0, limit)
      .map(({ row }) => row)
  }
}

function readRow([emoji, group, version, name, shortNames, words, tones]) {
  const short = shortNames.split(" ")
  return {
    emoji, group, version, name, shortNames: short,
    names: new Set([...short.flatMap((one) => one.split("_")), ...fold(name).split(/[ :,-]+/)]),
    words: words ? fold(words).split(" ") : [],
    tones: tones ? tones.split(" ") : [],
  }
}

function readOwn({ name, url }) {
  return { emoji: `:${name}:`, url, name, shortNames: [name], names: new Set([name, ...name.split(/[_+-]+/)]), words: [], tones: [] }
}

function pointsOf({ names, shortNames, words }, word) {
  if (names.has(word)) return 40
  if (words.includes(word)) return 20
  if (shortNames.some((name) => name.startsWith(word))) return 15
  for (const name of names) if (name.startsWith(word)) return 10
  return words.some((one) => one.startsWith(word)) ? 5 : 0
}

function pointsOfName(name, query) {
  if (name === query) return 1000
  if (name.startsWith(query)) return 500 - name.length
  return query.length > 2 && name.includes(`_${query}`) ? 100 - name.length : 0
}
