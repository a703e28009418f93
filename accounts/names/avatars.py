"""Avatars: initials on one of eight colours."""

import re
import zlib
from functools import lru_cache

COLORS = 8


@lru_cache(maxsize=10_000)
def initials(name: str) -> str:
    """Return at most two letters: the first of the first and the last word, or the first two of a single word."""
    words = [
        letters for word in re.split(r"[\s._-]+", name) if (letters := [c for c in word if c.isalnum()])
    ] or [["?"]]
    chosen = words[0][:2] if len(words) == 1 else [words[0][0], words[-1][0]]
    # "ß" becomes two letters in capitals.
    return "".join(letter.upper()[:1] for letter in chosen)


@lru_cache(maxsize=10_000)
def color(username: str) -> int:
    """Return 0 to 7, always the same for a username in any case; the style sheet has a colour for each."""
    return zlib.crc32(username.lower().encode()) % COLORS
