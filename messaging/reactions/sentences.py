"""Sentences about who reacted. `static/js/models/reactions.js` makes the same ones for what changes on an open page."""

from collections.abc import Sequence

# People up to whom a sentence names each; of more it names one less, and counts the others.
MAX_SPOKEN = 3


def by_whom(names: Sequence[str], count: int) -> str:
    """Return "Ada", "Ada and Ben", or "Ada, Ben and 3 others": `count` people, of whom `names` are the first."""
    spoken = list(names[:MAX_SPOKEN] if count <= MAX_SPOKEN else names[: MAX_SPOKEN - 1])
    others = count - len(spoken)
    if others:
        spoken.append(f"{others} other{'' if others == 1 else 's'}")
    return " and ".join([", ".join(spoken[:-1]), spoken[-1]] if len(spoken) > 1 else spoken)


def label_of(emoji: str, by: str, mine: bool, pressable: bool) -> str:
    """Return what a screen reader says of a reaction's button."""
    if not pressable:
        return f"{emoji} by {by}"
    return f"{emoji} by {by}; press to {'take yours back' if mine else 'add yours'}"
