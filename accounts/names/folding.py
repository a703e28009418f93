"""Folding of texts for search: what people type differently but mean alike becomes the same string.

Accents, case, character width and composition are dropped; typographic quotes and dashes become those of ASCII; runs
of blanks become one. `static/js/models/fold.js` does the same for names in the page.
"""

import re
import unicodedata

from accounts.names.skeletons import BLANK, VARIATION_SELECTORS, accent

# Characters whose folded form is cached: more than a site's people use, at some megabytes.
MAX_CACHED_FOLDS = 20_000
# Replacements that no Unicode decomposition has: letters with a stroke, ligatures, letters that differ between Arabic
# and Persian keyboards, and signs that programs substitute for typed ones.
TYPED = {
    **dict(zip("øłđħŧı", "oldhti", strict=True)), "æ": "ae", "œ": "oe", "þ": "th", "ð": "d",
    "ي": "ی", "ى": "ی", "ك": "ک",
    **dict.fromkeys("‘’‚‛′´ʼʹ‹›", "'"),
    **dict.fromkeys("“”„‟″«»〝〞", '"'),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    "⁄": "/",
}  # fmt: skip
# Decomposed Korean syllables and voiced kana, which are recomposed; and their parts, to skip most texts quickly.
APART = re.compile("[\u1100-\u11ff]{2,}+|[\u3040-\u30ff][\u3099\u309a]")
PARTS = re.compile("[\u1100-\u11ff\u3099\u309a]")


class Folds(dict[int, str]):
    """Folded form of each character by its code, computed on demand for `str.translate`."""

    def __missing__(self, code: int) -> str:
        folded = fold_character(chr(code))
        if len(self) < MAX_CACHED_FOLDS:
            self[code] = folded
        return folded


def fold_character(character: str) -> str:
    """Return the folded form of one character: at most 18 characters, or none."""
    letters = unicodedata.normalize("NFKD", TYPED.get(character, character))
    kept = "".join(letter for letter in letters if not (accent(letter) or silent(letter)))
    return "".join(TYPED.get(letter, letter) for letter in kept.casefold())


def silent(character: str) -> bool:
    """Return whether the character is drawn as nothing: joiners, directions, soft hyphens, variation selectors."""
    return character in BLANK or character in VARIATION_SELECTORS or unicodedata.category(character) == "Cf"


FOLDS = Folds()


def fold(text: str) -> str:
    """Return the folded text, at most 18 times as long, in linear time. It works by character because
    `unicodedata.normalize` sorts a run of accents in quadratic time."""
    if text.isascii():
        return " ".join(text.lower().split())
    folded = text.translate(FOLDS)
    if PARTS.search(folded):
        folded = APART.sub(lambda apart: unicodedata.normalize("NFC", apart[0]), folded)
    return " ".join(folded.split())
