r"""Backslashes before marks. One is an escape, and isn't shown, where its mark would be markup without it: both of
`\*a\*`. Elsewhere it is text, as in `C:\_x` and `*.txt or \*.log`. The mark after it is text in either case."""

import re
from collections.abc import Iterator

from markdown_it.common.utils import isMdAsciiPunct, isPunctChar, isWhiteSpace
from markdown_it.rules_inline import StateInline

# A face whose arm is a backslash, which is shown.
SHRUG = re.compile(r"\\_\([^\s()]{1,3}\)_/")
ESCAPED = re.compile(r"\\[*_`~\[\]<>+.)-]")
# One mark, repeated, with backslashes or without.
RUN = re.compile(r"(?:\\?\*)++|(?:\\?_)++|(?:\\?~)++|(?:\\?`)++")
# The beginning of a list or a quote.
BEGINNING = re.compile(r"(?:^|\n)[ \t]{0,20}+(?:(?=\\(?:[*+-][ \t]|>))|\d{1,9}+(?=\\[.)][ \t]))")
BRACKET = re.compile(r"\\(?:\[|\](?=\())")
AUTOLINK = re.compile(r"\\<[A-Za-z][A-Za-z0-9+.-]{1,31}+:[^<>\s]*+>")
# Marks that need repetition.
LEAST = {"~": 2}


def escape_mark(state: StateInline, silent: bool) -> bool:
    """Parse a backslash before a mark."""
    shrug = SHRUG.match(state.src, state.pos)
    match = shrug or ESCAPED.match(state.src, state.pos)
    if match is None:
        return False
    if not silent:
        hidden = not shrug and state.pos in escapes_of(state)
        token = state.push("text_special", "", 0)
        token.content, token.markup, token.info = match[0][hidden:], match[0], "escape"
    state.pos = match.end()
    return True


def escapes_of(state: StateInline) -> set[int]:
    """Return the escapes of the text being parsed, computed once."""
    known: tuple[str, set[int]] | None = state.env.get("escapes")
    if known is None or known[0] is not state.src:
        known = state.env["escapes"] = state.src, escapes(state.src)
    return known[1]


def escapes(text: str) -> set[int]:
    """Return the positions of all backslashes that are escapes."""
    runs = [Run(text, match) for match in RUN.finditer(text)]
    found = {match.end() for match in BEGINNING.finditer(text)}
    found.update(brackets(text))
    found.update(match.start() for match in AUTOLINK.finditer(text))
    pair([run for run in runs if run.mark != "`"])
    pair_code([run for run in runs if run.mark == "`"])
    return found.union(*(run.slashes for run in runs if run.paired))


def brackets(text: str) -> Iterator[int]:
    """Yield positions of backslashes before the brackets of `[words](address)`."""
    last, first = text.rfind("]("), text.find("[")
    for match in BRACKET.finditer(text):
        place = match.start()
        if place < last if match[0] == "\\[" else -1 < first < place:
            yield place


class Run:
    """A run of marks as it would be without backslashes: what it may open or close, and whether it does."""

    def __init__(self, text: str, match: re.Match[str]) -> None:
        self.mark = match[0][-1]
        self.slashes = [place for place in range(match.start(), match.end()) if text[place] == "\\"]
        self.left = len(match[0]) - len(self.slashes)
        before = text[match.start() - 1] if match.start() else " "
        after = text[match.end()] if match.end() < len(text) else " "
        opens, closes = flanks(after, before), flanks(before, after)
        within = self.mark == "_" and opens and closes
        self.opens = opens and not (within and not punctuation(before))
        self.closes = closes and not (within and not punctuation(after))
        self.paired = False


def flanks(near: str, far: str) -> bool:
    """Return whether a run touches a word whose nearest character is `near`, by CommonMark's rules."""
    if isWhiteSpace(ord(near)):
        return False
    return not punctuation(near) or isWhiteSpace(ord(far)) or punctuation(far)


def punctuation(character: str) -> bool:
    """Return whether the character is punctuation to CommonMark."""
    return isMdAsciiPunct(ord(character)) or isPunctChar(character)


def pair(runs: list[Run]) -> None:
    """Pair each run that may close with the nearest open ones before it."""
    opened: dict[str, list[Run]] = {}
    for run in runs:
        stack, least = opened.setdefault(run.mark, []), LEAST.get(run.mark, 1)
        while run.closes and stack and run.left >= least:
            other = stack[-1]
            other.paired = run.paired = True
            taken = min(run.left, other.left)
            run.left, other.left = run.left - taken, other.left - taken
            if other.left < least:
                stack.pop()
        if run.opens and run.left >= least:
            stack.append(run)


def pair_code(runs: list[Run]) -> None:
    """Pair each run of backticks with the next one of its length."""
    opened: dict[int, Run] = {}
    for run in runs:
        other = opened.pop(run.left, None)
        if other is None:
            opened[run.left] = run
        else:
            other.paired = run.paired = True
