"""Differences of two texts as words that went and words that came, within a bound of work.

What both have at their beginnings and ends is taken off first: most edits leave a few words to compare. `difflib` looks
at pairs of the rest, and takes up to the cube of their number for texts made for that.
"""

import re
from difflib import SequenceMatcher
from typing import NamedTuple

from messaging.rendering.cpu_limit import TooLong, cpu_limit

# A word with the blanks behind it. Chinese and Japanese have no blanks: each character is one.
NO_BLANKS = "\u3040-\u30ff\u3400-\u9fff"
WORDS = re.compile(rf"[{NO_BLANKS}]\s*|[^\s{NO_BLANKS}]+\s*|\s+")
# Pairs of words that are compared for one text, and for all of a page.
MAX_PAIRS, MAX_PAIRS_OF_PAGE = 22_500, 225_000
# CPU seconds for texts that are made to be slow.
COMPARISON_SECONDS = 0.02


class Part(NamedTuple):
    """A piece of text; `change` is "added", "removed" or ""."""

    change: str
    text: str


class Stretch(NamedTuple):
    """Places of words, from and to, in the old text and in the new one."""

    old_from: int
    old_to: int
    new_from: int
    new_to: int
    same: bool

    def behind(self, words: int) -> "Stretch":
        """Return it behind so many words that both texts begin with."""
        places = (self.old_from, self.old_to, self.new_from, self.new_to)
        old_from, old_to, new_from, new_to = (place + words for place in places)
        return Stretch(old_from, old_to, new_from, new_to, self.same)


class Comparison:
    """Compares texts of one page, until the pairs that a page may compare are used up."""

    def __init__(self) -> None:
        self._left = MAX_PAIRS_OF_PAGE

    def parts(self, before: str, after: str) -> list[Part] | None:
        """Return `after` with what was removed from `before` where it stood; None if too much differs."""
        old, new = WORDS.findall(before), WORDS.findall(after)
        stretches = self._stretches([word.rstrip() for word in old], [word.rstrip() for word in new])
        if stretches is None:
            return None
        parts = [part for stretch in stretches for part in parts_of(stretch, old, new)]
        return [piece for part in parts for piece in split_blanks(part) if piece.text]

    def _stretches(self, old: list[str], new: list[str]) -> list[Stretch] | None:
        start = common(old, new)
        end = common(old[start:][::-1], new[start:][::-1])
        old_end, new_end = len(old) - end, len(new) - end
        pairs = (old_end - start) * (new_end - start)
        if pairs > min(MAX_PAIRS, self._left):
            return None
        self._left -= pairs
        middle = compared(old[start:old_end], new[start:new_end])
        if middle is None:
            return None
        return [
            Stretch(0, start, 0, start, True),
            *(each.behind(start) for each in middle),
            Stretch(old_end, len(old), new_end, len(new), True),
        ]


def parts_of(stretch: Stretch, old: list[str], new: list[str]) -> list[Part]:
    """Return the parts of one stretch, first what went."""
    came = "".join(new[stretch.new_from : stretch.new_to])
    if stretch.same:
        return [Part("", came)]
    went = "".join(old[stretch.old_from : stretch.old_to])
    if went and came:
        # What came has the blanks that count: the line of what went doesn't end.
        words = went.rstrip()
        gap = " " if words != went or stretch.old_to == len(old) else ""
        return [Part("removed", words), Part("", gap), Part("added", came)]
    # The last word of the new text has no blank behind it, on which words that went would follow.
    at_end = stretch.old_from > 0 and stretch.new_from == len(new)
    blank = old[stretch.old_from - 1][len(old[stretch.old_from - 1].rstrip()) :] if at_end else ""
    return [Part("", blank), Part("removed", went), Part("added", came)]


def common(one: list[str], other: list[str]) -> int:
    """Return how many words at the beginning are the same."""
    count = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        count += 1
    return count


def compared(old: list[str], new: list[str]) -> list[Stretch] | None:
    """Return the stretches of both; None if they take too long."""
    if not old or not new:
        return [Stretch(0, len(old), 0, len(new), False)]
    try:
        with cpu_limit(COMPARISON_SECONDS):
            found = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    except TooLong:
        return None
    return [
        Stretch(old_from, old_to, new_from, new_to, name == "equal")
        for name, old_from, old_to, new_from, new_to in found
    ]


def split_blanks(part: Part) -> list[Part]:
    """Return the part with the blanks at its end left unmarked, except where there is nothing else."""
    words = part.text.rstrip()
    if not part.change or not words or words == part.text:
        return [part]
    return [Part(part.change, words), Part("", part.text[len(words) :])]
