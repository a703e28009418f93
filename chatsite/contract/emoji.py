"""Emoji of Unicode: each has one spelling, so that everybody counts the same one.

They are those recommended for general interchange (RGI), in `emoji.txt`; a skin tone makes another emoji.
"""

import re
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("emoji.txt")
# Characters of a spelling; the longest sequence has 10.
MAX_EMOJI_LENGTH = 64
# Variation selectors 15 and 16, by which a sender asks for a character as text or as a picture.
SELECTORS = re.compile("[\ufe0e\ufe0f]")
# Emoji that are offered before a person's own most used ones are known.
COMMON = ("👍", "❤️", "😂", "🎉", "👀", "🙏", "✅", "😮")


def spelling_of(emoji: str) -> str | None:
    """Return Unicode's fully-qualified sequence, however the sender's keyboard set variation selectors; None for
    anything but one emoji."""
    return sequences().get(SELECTORS.sub("", emoji))


@cache
def sequences() -> dict[str, str]:
    """Return Unicode's fully-qualified sequences by themselves without variation selectors."""
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    versions = (line.partition(":")[2].split() for line in lines if not line.startswith("#"))
    return {SELECTORS.sub("", sequence): sequence for found in versions for sequence in found}
