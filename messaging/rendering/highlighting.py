"""Highlighting of code: HTML with a class for each kind of word, in linear time.

A lexer is one regular expression of alternatives that can be shown to be linear: after an unlimited repeat nothing
can fail, so nothing is read twice (`tests/messaging/rendering/test_highlighting.py` checks each expression's parts). An
unfinished string therefore ends with its line, an unfinished comment with the code.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from html import escape
from itertools import islice

from messaging.rendering.languages import LANGUAGES, Language

# Spans of a message; code beyond them is shown uncoloured. A span takes 22 bytes of HTML beside its text, and 10,000
# characters of ordinary code have 400 to 1,200.
MAX_SPANS = 1500
# The text after a word that is a call.
CALL = re.compile(r"[ \t]?\(")


@dataclass
class Highlighter:
    """Highlights all code of one message, which shares MAX_SPANS."""

    left: int = field(default=MAX_SPANS)

    def highlight(self, code: str, name: str) -> str | None:
        """Return the code as HTML; None for an unknown language."""
        language = LANGUAGES.get(name.lower())
        if language is None:
            return None
        parts, end = [], 0
        for start, stop, kind in islice(spans(code, language), self.left):
            parts += [escape(code[end:start]), f'<span class="{kind}">', escape(code[start:stop]), "</span>"]
            end = stop
            self.left -= 1
        return "".join([*parts, escape(code[end:])])


def coloured(code: str, name: str) -> str | None:
    """Return code as HTML; None for an unknown language."""
    return Highlighter().highlight(code, name)


def spans(code: str, language: Language) -> Iterator[tuple[int, int, str]]:
    """Yield start, end and class of coloured parts. The classes are those of `static/css/code.css`."""
    for match in lexer(language).finditer(code):
        kind = str(match.lastgroup)
        if kind == "word":
            kind = kind_of(match, language)
        if kind:
            yield *match.span(), kind


@cache
def lexer(language: Language) -> re.Pattern[str]:
    """Return a language's compiled pattern."""
    return re.compile(language.pattern, re.DOTALL | re.MULTILINE)


def kind_of(match: re.Match[str], language: Language) -> str:
    """Return the class of a word, "" for an ordinary one."""
    word = match[0].lower() if language.any_case else match[0]
    if kind := language.words.get(word):
        return kind
    return "nf" if language.calls and CALL.match(match.string, match.end()) else ""
