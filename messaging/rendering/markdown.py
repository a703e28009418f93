"""Markdown as chat uses it, parsed by markdown-it within a number of steps.

Raw HTML, headings, images, tables and rules stay text.
"""

import re
from collections.abc import Mapping, MutableMapping, Sequence, Set
from functools import cache
from html import escape
from typing import Any

from markdown_it import MarkdownIt, rules_block, rules_inline
from markdown_it.parser_inline import ParserInline
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from messaging.rendering import addresses, escapes, names
from messaging.rendering.highlighting import Highlighter
from messaging.rendering.own_emoji import own_emoji

BLOCKS = ["paragraph", "blockquote", "fence", "list"]
# Inline rules, tried in this order at one of TERMINATORS.
MARKS_IN_LINES = ["text", "newline", "escape", "backticks", "strikethrough", "emphasis", "link", "autolink"]
PAIRS = ["balance_pairs", "strikethrough", "emphasis", "fragments_join"]
# Characters at which a rule, or an address, may begin or end.
TERMINATORS = re.compile(r"[\n*_`~\[\]<\\:]")
# The same, with the beginnings of names and addresses: roughly a step each.
MARKS = re.compile(r"[\n*_`~\[\]<\\:@#./]")
# Blanks that HTML collapses, and a tab between two cells.
SPACES = re.compile(r"^ |\t|  [^ \n]", re.MULTILINE)
COLUMNS = re.compile(r"[^\s]\t")
RUN = re.compile(r"\*++|_++|~++")
# Depth of nested blocks, and of nested links and marks.
MAX_NESTING = 12
# Steps of one message. Markdown's rules are quadratic in what stays open: 10,000 of `[` took 2 s. A step is one
# attempt at a position or line, some 5 µs; a long and lively message takes some hundreds.
MAX_STEPS = 2000
BLOCK_STEPS = 3


class Tangled(Exception):
    """Raised for a text of marks more than words, which would take too many steps."""


class Steps:
    """Counts the steps of one message."""

    def __init__(self, left: int = MAX_STEPS) -> None:
        self.left = left

    def take(self, steps: int = 1) -> None:
        """Count steps. Raises Tangled."""
        self.left -= steps
        if self.left < 0:
            raise Tangled()


class CountingInline(ParserInline):
    """Parses inline text, and counts positions skipped in search of the end of a link's words."""

    def __init__(self) -> None:
        super().__init__()
        self.terminator_re = TERMINATORS

    def skipToken(self, state: StateInline) -> None:
        state.env["steps"].take()
        super().skipToken(state)


class Parser(MarkdownIt):
    """markdown-it without links to addresses longer than MAX_ADDRESS_LENGTH: encoding 10,000 letters took 10 ms."""

    def normalizeLink(self, url: str) -> str:
        return super().normalizeLink(url) if len(url) <= addresses.MAX_ADDRESS_LENGTH else ""

    def validateLink(self, url: str) -> bool:
        return bool(url) and super().validateLink(url)


def to_html(
    body: str, people: Mapping[str, str], rooms: Mapping[str, str], calls: Set[str] = frozenset()
) -> str:
    """Return unsanitized HTML. Raises Tangled."""
    env = {"people": people, "rooms": rooms, "calls": calls, "steps": Steps(), "highlighter": Highlighter()}
    return str(markdown().render(body, env))


@cache
def markdown() -> MarkdownIt:
    """Return the parser, compiled."""
    parser = Parser("zero", {"html": False, "linkify": False, "breaks": True, "maxNesting": MAX_NESTING})
    parser.block.ruler.enableOnly(BLOCKS)
    parser.inline = CountingInline()
    parser.inline.ruler.enableOnly(MARKS_IN_LINES)
    parser.inline.ruler2.enableOnly(PAIRS)
    parser.inline.ruler.before("text", "count", count)
    parser.inline.ruler.at("escape", escapes.escape_mark)
    parser.inline.ruler.at("link", addresses.with_words)
    parser.inline.ruler.at("autolink", autolink)
    parser.inline.ruler.before("newline", "address", addresses.with_scheme)
    parser.inline.ruler.before("newline", "own_emoji", own_emoji)
    parser.block.ruler.before("fence", "count", count_line, {"alt": ["paragraph", "blockquote", "list"]})
    parser.inline.ruler.at("newline", newline)
    parser.block.ruler.at("paragraph", paragraph)
    parser.core.ruler.push("names", names.link_names)
    parser.core.ruler.push("spaces", keep_spaces)
    parser.add_render_rule("softbreak", line_break)
    parser.add_render_rule("fence", fence)
    # Compile the rules now: `cpu_limit` must not interrupt that.
    parser.render(
        "*a*\n> - a", {"people": {}, "rooms": {}, "calls": (), "steps": Steps(), "highlighter": Highlighter()}
    )
    return parser


def count(state: StateInline, silent: bool) -> bool:
    """Count a step, or one for each mark of a run, each of which becomes a token. Never matches."""
    run = None if silent else RUN.match(state.src, state.pos)
    state.env["steps"].take(len(run[0]) if run else 1)
    return False


def count_line(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Count a step for the end of a paragraph, more for the start of a block. Never matches."""
    state.env["steps"].take(1 if silent else BLOCK_STEPS)
    return False


def paragraph(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Parse as markdown-it does, but keep the blanks before the first word."""
    rules_block.paragraph(state, start, end, silent)
    state.tokens[-2].content = state.getLines(start, state.line, state.blkIndent, False).rstrip()
    return True


def newline(state: StateInline, silent: bool) -> bool:
    """Parse as markdown-it does, but keep the blanks before the next word."""
    if state.src[state.pos] != "\n":
        return False
    if not silent:
        state.pending = state.pending.rstrip(" ")
        state.push("softbreak", "br", 0)
    state.pos += 1
    return True


def keep_spaces(state: StateCore) -> None:
    """Mark paragraphs with blanks that HTML would drop: at a line's beginning, or in a row."""
    for before, block, after in zip(state.tokens, state.tokens[1:], state.tokens[2:], strict=False):
        if block.type == "inline" and SPACES.search(block.content):
            before.attrs["class"] = "spaced columns" if COLUMNS.search(block.content) else "spaced"
            before.hidden = after.hidden = False
            for child in block.children or ():
                child.meta["spaced"] = True


def line_break(
    renderer: Any, tokens: Sequence[Token], index: int, options: Any, env: MutableMapping[str, Any]
) -> str:
    """Render a line break; without a newline where blanks are kept, as that would be kept too."""
    return "<br>" if tokens[index].meta.get("spaced") else "<br>\n"


def autolink(state: StateInline, silent: bool) -> bool:
    """Parse `<address>`, and count its steps."""
    start = state.pos
    found = rules_inline.autolink(state, silent)
    if found:
        state.env["steps"].take(addresses.steps(state.pos - start))
    if found and not silent:
        state.tokens[-3].attrs.update(addresses.ELSEWHERE)
    return found


def fence(
    renderer: Any, tokens: Sequence[Token], index: int, options: Any, env: MutableMapping[str, Any]
) -> str:
    """Render a block of code, highlighted if the language is known."""
    code, language = tokens[index].content, tokens[index].info.strip().partition(" ")[0]
    coloured = env["highlighter"].highlight(code, language)
    return f'<pre class="code"><code>{escape(code) if coloured is None else coloured}</code></pre>\n'
