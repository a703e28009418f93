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
MAX_PAIRS, MAX_PAIRS_OF_PAGE = 40_000, 400_000
# CPU seconds for texts that are made to be slow.
COMPARISON_SECONDS = 0.05


class Part(NamedTuple):
    """A piece of text; `change` is "added", "removed" or ""."""

    change: str
    text: str


class Comparison:
    """Compares texts of one page, until the pairs that a page may compare are used up."""

    def __init__(self) -> None:
        self._left = MAX_PAIRS_OF_PAGE

    def parts(self, before: str, after: str) -> list[Part] | None:
        """Return `after` with what was removed from `before` where it stood; None if too much differs."""
        old, new = WORDS.findall(before), WORDS.findall(after)
        old_words, new_words = [word.rstrip() for word in old], [word.rstrip() for word in new]
        start = common(old_words, new_words)
        end = common(old_words[start:][::-1], new_words[start:][::-1])
        old_end, new_end = len(old) - end, len(new) - end
        pairs = (old_end - start) * (new_end - start)
        if pairs > min(MAX_PAIRS, self._left):
            return None
        self._left -= pairs
        changes = compared(old_words[start:old_end], new_words[start:new_end])
        if changes is None:
            return None
        parts = [Part("", "".join(new[:start]))]
        for old_from, old_to, new_from, new_to, same in changes:
            if same:
                parts.append(Part("", "".join(new[start + new_from : start + new_to])))
                continue
            parts.append(Part("removed", "".join(old[start + old_from : start + old_to])))
            parts.append(Part("added", "".join(new[start + new_from : start + new_to])))
        parts.append(Part("", "".join(new[new_end:])))
        return [piece for part in parts if part.text for piece in split_blanks(part)]


def common(one: list[str], other: list[str]) -> int:
    """Return how many words at the beginning are the same."""
    count = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        count += 1
    return count


def compared(old: list[str], new: list[str]) -> list[tuple[int, int, int, int, bool]] | None:
    """Return the stretches of both, `(old from, old to, new from, new to, same)`; None if they take too long."""
    if not old or not new:
        return [(0, len(old), 0, len(new), False)]
    try:
        with cpu_limit(COMPARISON_SECONDS):
            found = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    except TooLong:
        return None
    return [(i1, i2, j1, j2, name == "equal") for name, i1, i2, j1, j2 in found]


def split_blanks(part: Part) -> list[Part]:
    """Return the part with the blanks at its end left unmarked, except where there is nothing else."""
    words = part.text.rstrip()
    if not part.change or not words or words == part.text:
        return [part]
    return [Part(part.change, words), Part("", part.text[len(words) :])]
