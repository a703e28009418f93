"""What a username and a display name may be, and the avatar drawn from them."""

import re
import unicodedata
import zlib
from functools import lru_cache

from django.core.exceptions import ValidationError

USERNAME = re.compile(r"[A-Za-z0-9_.-]{3,32}")
# Pages beside `/people/…`, and words that address everybody.
RESERVED = frozenset({"invite", "all", "everyone", "here", "channel"})
COLORS = 8
# Drawn as nothing though their category says letter, mark or symbol: the Hangul fillers, Khmer's inherent
# vowels, Mongolian selectors, the grapheme joiner and the empty braille cell.
BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")


def validate_username(value: str) -> None:
    if not USERNAME.fullmatch(value):
        raise ValidationError("Use 3 to 32 letters, digits, dots, dashes or underscores.", code="username")
    if value.lower() in RESERVED:
        raise ValidationError("That username is reserved.", code="reserved")


def validate_display_name(value: str) -> None:
    # Cc, Cf, Cs, Co, Cn and the separators other than the space: controls, bidi overrides, zero-width
    # characters and private use, with which one person could pass for another.
    for character in value:
        category = unicodedata.category(character)
        if category[0] == "C" or category in ("Zl", "Zp") or character in BLANK:
            raise ValidationError("Invisible characters are not allowed.", code="display_name")


def tidy(name: str) -> str:
    """One way to write a display name: composed characters, single spaces, none at the ends."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", name)).strip()


@lru_cache(maxsize=10_000)
def initials(name: str) -> str:
    """At most two letters: of the first and last word, or the first two of a single one."""
    words = [
        letters for word in re.split(r"[\s._-]+", name) if (letters := [c for c in word if c.isalnum()])
    ] or [["?"]]
    chosen = words[0][:2] if len(words) == 1 else [words[0][0], words[-1][0]]
    # "ß" is two letters in capitals; one of them is enough.
    return "".join(letter.upper()[:1] for letter in chosen)


@lru_cache(maxsize=10_000)
def color(username: str) -> int:
    """0 to 7, always the same for a username; the style sheet has a colour for each."""
    return zlib.crc32(username.lower().encode()) % COLORS
