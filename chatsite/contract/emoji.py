"""Emoji of Unicode: each has one spelling, so that everybody counts the same one.

They are those recommended for general interchange (RGI), in `emoji.txt`; a skin tone makes another emoji.
"""

import re
from functools import cache
from pathlib import Path

TABLE = Path(__file__).with_name("emoji.txt")
# Characters of the longest sequence, and of the longest spelling that is taken from a client.
LONGEST, MAX_EMOJI_LENGTH = 10, 64
# With what an emoji begins, roughly: a sign beyond Latin and Greek, or what a keycap is made of.
FIRST = re.compile(r"[#*0-9]\ufe0f?\u20e3|[\xa9\xae\u2000-\uffff\U00010000-\U0010ffff]")
# Variation selectors 15 and 16, by which a sender asks for a character as text or as a picture.
SELECTORS = re.compile("[\ufe0e\ufe0f]")
# Emoji that are offered before a person's own most used ones are known.
COMMON = ("👍", "❤️", "😂", "🎉", "👀", "🙏", "✅", "😮")


def spelling_of(emoji: str) -> str | None:
    """Return Unicode's fully-qualified sequence, however the sender's keyboard set variation selectors; None for
    anything but one emoji."""
    return sequences().get(SELECTORS.sub("", emoji))


def are_emoji(text: str, most: int) -> bool:
    """Return whether the text is one to `most` emoji, with blanks between or not, and nothing else."""
    if len(text) > most * (LONGEST + 1) or not FIRST.match(text):
        return False
    rest, count = "".join(text.split()), 0
    while rest:
        length = leading_length(rest)
        count += 1
        if not length or count > most:
            return False
        rest = rest[length:]
    return True


def leading_length(text: str) -> int:
    """Return the length of the emoji at the text's beginning, 0 for none. A character that is text by itself, as © is,
    is an emoji only with the selector that asks for a picture."""
    for length in range(min(LONGEST, len(text)), 0, -1):
        spelling = spelling_of(text[:length])
        if spelling and (length > 1 or spelling == text[0]):
            return length
    return 0


@cache
def sequences() -> dict[str, str]:
    """Return Unicode's fully-qualified sequences by themselves without variation selectors."""
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    versions = (line.partition(":")[2].split() for line in lines if not line.startswith("#"))
    return {SELECTORS.sub("", sequence): sequence for found in versions for sequence in found}
