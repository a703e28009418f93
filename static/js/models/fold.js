/** Signs and letters that programs and other keyboards write, by what people type for them. */
const TYPED_FORMS = new Map(
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
const REPLACED_SIGNS = new RegExp(`[${[...TYPED_FORMS.keys()].join("")}]`, "g")
// Accents and characters without a shape. Marks that are letters of Indian scripts, Thai or kana are not among them.
const IGNORED_MARKS = /[\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f\p{Cf}]/gu

/** Folds a name to what people type when they look for it: no accents, case, widths or kinds of quotes. Same as `accounts/names/folding.py`. */
export function fold(text) {
  const typed = (letters) => letters.replace(REPLACED_SIGNS, (sign) => TYPED_FORMS.get(sign))
  const letters = typed(text).normalize("NFKD").replace(IGNORED_MARKS, "")
  return typed(letters.toLowerCase()).normalize("NFC").trim().replace(/\s+/g, " ")
}
