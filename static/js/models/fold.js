/** What is typed for a sign or a letter that programs and other keyboards write. */
const TYPED = new Map(
  Object.entries({
    "'": "\u2018\u2019\u201a\u201b\u2032\u00b4\u02bc\u02b9\u2039\u203a",
    '"': "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb\u301d\u301e",
    "-": "\u2010\u2011\u2012\u2013\u2014\u2015\u2212",
    "/": "\u2044",
    ss: "ß",
    ae: "æ",
    oe: "œ",
    th: "þ",
    o: "ø",
    l: "ł",
    d: "đð",
    h: "ħ",
    t: "ŧ",
    i: "ı",
    σ: "ς",
    "\u06cc": "\u064a\u0649",
    "\u06a9": "\u0643",
  }).flatMap(([typed, signs]) => [...signs].map((sign) => [sign, typed])),
)
const SIGNS = new RegExp(`[${[...TYPED.keys()].join("")}]`, "g")
// Accents, and what is drawn as nothing. Of letters that Indian scripts, Thai and kana write as marks, none.
const SILENT = /[\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f\p{Cf}]/gu

/** Reduced to what anybody types who looks for it, as `accounts/names/folding.py` does: no accents, case, widths, kinds of quotes. */
export function fold(text) {
  const typed = (letters) => letters.replace(SIGNS, (sign) => TYPED.get(sign))
  const letters = typed(text).normalize("NFKD").replace(SILENT, "")
  return typed(letters.toLowerCase()).normalize("NFC").trim().replace(/\s+/g, " ")
}
