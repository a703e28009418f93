"""Emoji by which people may react: each has one spelling, so that everybody counts the same one.

Unicode's are those recommended for general interchange (RGI), in `emoji.txt`; a skin tone makes another emoji. What is
stored is the sequence and never a name, as names change.
"""

import re
from functools import cache
from pathlib import Path

from chatsite.contract.errors import Invalid

TABLE = Path(__file__).with_name("emoji.txt")
# Characters of a spelling; the longest sequence has 10.
MAX_EMOJI_LENGTH = 64
# Variation selectors 15 and 16, by which a sender asks for a character as text or as a picture.
SELECTORS = re.compile("[\ufe0e\ufe0f]")
# An emoji of the site's own.
NAMED = re.compile(r":[^:\s]+:")


def canonical(emoji: str) -> str:
    """Return the one spelling under which the emoji is stored: Unicode's fully-qualified sequence, however the sender's
    keyboard set variation selectors. Raises Invalid for anything else."""
    if NAMED.fullmatch(emoji):
        raise Invalid.about("emoji", "This site has no emoji of that name.")
    known = sequences().get(SELECTORS.sub("", emoji))
    if known is None:
        raise Invalid.about("emoji", "Use one emoji.")
    return known


@cache
def sequences() -> dict[str, str]:
    """Return Unicode's fully-qualified sequences by themselves without variation selectors."""
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    versions = (line.partition(":")[2].split() for line in lines if not line.startswith("#"))
    return {SELECTORS.sub("", sequence): sequence for found in versions for sequence in found}
