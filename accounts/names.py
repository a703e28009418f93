"""What a username and a display name may be, and the avatar drawn from them."""

import re
import unicodedata
import zlib

from django.core.exceptions import ValidationError

USERNAME = re.compile(r"[A-Za-z0-9_.-]{3,32}")
COLORS = 8


def validate_username(value: str) -> None:
    if not USERNAME.fullmatch(value):
        raise ValidationError("Use 3 to 32 letters, digits, dots, dashes or underscores.", code="username")


def validate_display_name(value: str) -> None:
    # Cc, Cf, Cs, Co, Cn and the separators other than the space: controls, bidi overrides, zero-width
    # characters and private use, with which one person could pass for another.
    for character in value:
        category = unicodedata.category(character)
        if category[0] == "C" or category in ("Zl", "Zp"):
            raise ValidationError("Invisible characters are not allowed.", code="display_name")


def initials(name: str) -> str:
    """At most two letters: of the first and last word, or the first two of a single one."""
    words = re.findall(r"\w+", name.replace("_", " ")) or ["?"]
    letters = words[0][:2] if len(words) == 1 else words[0][0] + words[-1][0]
    return letters.upper()


def color(username: str) -> int:
    """0 to 7, always the same for a username; the style sheet has a colour for each."""
    return zlib.crc32(username.lower().encode()) % COLORS
