"""Emoji by which people may react: Unicode's, and later the site's own.

What is stored is the sequence and never a name, as names change.
"""

import re

from chatsite.contract.emoji import spelling_of
from chatsite.contract.errors import Invalid

# An emoji of the site's own.
NAMED = re.compile(r":[^:\s]+:")


def canonical(emoji: str) -> str:
    """Return the one spelling under which the emoji is stored. Raises Invalid for anything but one emoji."""
    if NAMED.fullmatch(emoji):
        raise Invalid.about("emoji", "This site has no emoji of that name.")
    known = spelling_of(emoji)
    if known is None:
        raise Invalid.about("emoji", "Use one emoji.")
    return known
