"""Folding: texts that one person writes and another looks for, reduced to what both of them type.

Letters count without their accents and case, in whatever width and composition they come; typographic quotes and dashes are
those of ASCII; blanks in a row are one. `static/js/models/fold.js` does the same for names in the page.
"""

import re
import unicodedata

from accounts.names.skeletons import BLANK, VARIATION_SELECTORS, accent

# Characters whose folded form is remembered: more than a site's people use, and some megabytes.
MAX_CACHED_FOLDS = 20_000
# What no decomposition says: letters with a stroke, ligatures, letters that Arabic and Persian keyboards have apart,
# and signs that programs put in the place of what was typed.
TYPED = {
    **dict(zip("øłđħŧı", "oldhti", strict=True)), "æ": "ae", "œ": "oe", "þ": "th", "ð": "d",
    "ي": "ی", "ى": "ی", "ك": "ک",
    **dict.fromkeys("‘’‚‛′´ʼʹ‹›", "'"),
    **dict.fromkeys("“”„‟″«»〝〞", '"'),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    "⁄": "/",
}  # fmt: skip
# Korean syllables and voiced kana, which are letters of their own, taken apart; and the parts, as most texts have none.
APART = re.compile("[\u1100-\u11ff]{2,}+|[\u3040-\u30ff][\u3099\u309a]")
PARTS = re.compile("[\u1100-\u11ff\u3099\u309a]")


class Folds(dict[int, str]):
    """The folded form of each character, by its code, as `str.translate` asks for it."""

    def __missing__(self, code: int) -> str:
        folded = fold_character(chr(code))
        if len(self) < MAX_CACHED_FOLDS:
            self[code] = folded
        return folded


def fold_character(character: str) -> str:
    letters = unicodedata.normalize("NFKD", TYPED.get(character, character))
    kept = "".join(letter for letter in letters if not (accent(letter) or silent(letter)))
    return "".join(TYPED.get(letter, letter) for letter in kept.casefold())


def silent(character: str) -> bool:
    """Drawn as nothing: joiners, directions, soft hyphens, variations."""
    return character in BLANK or character in VARIATION_SELECTORS or unicodedata.category(character) == "Cf"


FOLDS = Folds()


def fold(text: str) -> str:
    """At most 18 times as long as `text`, in time that grows with its length. By characters, as `unicodedata.normalize`
    takes the square of a run of accents to sort it."""
    if text.isascii():
        return " ".join(text.lower().split())
    folded = text.translate(FOLDS)
    if PARTS.search(folded):
        folded = APART.sub(lambda apart: unicodedata.normalize("NFC", apart[0]), folded)
    return " ".join(folded.split())
