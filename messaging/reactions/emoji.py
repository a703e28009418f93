"""Emoji by which people may react: Unicode's, and the site's own as `:name:`.

What is stored is the sequence and never a name, as names change.
"""

from chatsite.contract.emoji import spelling_of
from chatsite.contract.errors import Invalid
from emoji import names


def canonical(emoji: str) -> str:
    """Return the one spelling under which the emoji is stored. Raises Invalid for anything but one emoji, and for one that
    the site doesn't have."""
    known = spelled(emoji)
    if known[0] == ":":
        names.ensure()
        if names.picture_in(known) is None:
            raise Invalid.about("emoji", "This site has no emoji of that name.")
    return known


def spelled(emoji: str) -> str:
    """Return the same also of an emoji that the site had once. Raises Invalid."""
    own = names.NAMED.fullmatch(emoji)
    known = f":{own[1].lower()}:" if own else spelling_of(emoji)
    if known is None:
        raise Invalid.about("emoji", "Use one emoji.")
    return known
