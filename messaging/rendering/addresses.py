"""Links that are written as bare addresses.

A word is an address with a scheme, with `www.`, or with a path after a host: `README.md` and `main.py` are files. All
patterns are linear: after an unlimited repeat nothing can fail.
"""

import re
from collections.abc import Mapping
from typing import Any, TypeAlias

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

# Characters of an address; longer ones stay text.
MAX_ADDRESS_LENGTH = 2000
# Steps (`messaging.rendering.markdown`) of a link, and characters for one step more.
LINK_STEPS, CHARACTERS_PER_STEP = 6, 50
SCHEME = re.compile(r"(?<![A-Za-z0-9+.-])https?$", re.IGNORECASE)
# Continuation of an address; brackets in pairs, so that `(https://example.org)` ends before its bracket.
_NONE = r"\s<>\"`()\[\]\x00-\x1f\x7f、。，；：！？「」『』（）【】《》"
REST = rf"(?:[^{_NONE}]++|\([^{_NONE}]{{0,200}}+\)|\[[^{_NONE}]{{0,60}}+\])*+"
WITH_SCHEME = re.compile(rf"://(?=[^\W_]|\[){REST}")
# An address without a scheme. The last word of the host is looked up in DOMAINS.
BARE = (
    r"(?<![\w@./:-])(?:"
    rf"www\.(?=[^\W_]){REST}"
    rf"|(?:[\w-]{{1,63}}+\.){{1,6}}+(?P<domain>[A-Za-z]{{2,24}}+)(?::\d{{1,5}}+)?+(?=/){REST}"
    r"|mailto:[\w.+-]{1,64}+@[\w.-]{1,100}+)"
)
# The part of `[words](address "title")` that follows the words.
TARGET = re.compile(
    r"\(\s{0,20}+(?:<(?P<enclosed>[^<>\n]{1,2000}+)>|(?P<open>(?:\\[()<>]|[^\s()<>]|\([^\s()<>]{0,500}+\)){1,2000}+))"
    r"""(?:\s{1,20}+(?:"[^"]{0,500}+"|'[^']{0,500}+'))?+\s{0,20}+\)"""
)
# Beginnings of whole addresses, which can't be taken for a page of this site.
WHOLE = re.compile(r"https?://|mailto:|/(?!/)", re.IGNORECASE)
# Signs that end a sentence or a mark and not an address.
TRAILING = ".,:;!?'*_~\u2026\u2019"
# Top-level domains with which people write addresses without a scheme, less those that are more often a file's ending
# (md, py, rs, sh …).
_DOMAINS = """
    ai app at au be biz blog br ca ch cloud cn com co cz de dev dk edu es eu fi fr gov gr hu ie in info int io is it jp
    kr link lu me mil museum mx name net nl no nz org page pt ro ru se shop site social tech tv tw ua uk us wiki xyz za
"""
DOMAINS = frozenset(_DOMAINS.split())


Attributes: TypeAlias = dict[str, str | int | float]
# Attributes of links to other sites, which open beside the chat.
ELSEWHERE: Attributes = {"target": "_blank"}


def with_words(state: StateInline, silent: bool) -> bool:
    """Parse `[words](address)`. A title is dropped."""
    start, maximum = state.pos, state.posMax
    if state.src[start] != "[":
        return False
    end = state.md.helpers.parseLinkLabel(state, start, True)
    limit = min(maximum, end + 2 * MAX_ADDRESS_LENGTH)
    match = TARGET.match(state.src, end + 1, limit) if end >= 0 else None
    if match is None:
        return False
    address = re.sub(r"\\([()<>])", r"\1", match["enclosed"] or match["open"])
    attributes = attributes_of(state.md, address, state.env) if WHOLE.match(address) else None
    if attributes is None:
        return False
    if not silent:
        state.push("link_open", "a", 1).attrs = attributes
        state.pos, state.posMax = start + 1, end
        state.linkLevel += 1
        state.md.inline.tokenize(state)
        state.linkLevel -= 1
        state.push("link_close", "a", -1)
    state.pos, state.posMax = match.end(), maximum
    return True


def with_scheme(state: StateInline, silent: bool) -> bool:
    """Parse `https://…` at its colon, so that marks in an address belong to it."""
    if state.src[state.pos] != ":" or state.linkLevel > 0:
        return False
    scheme = SCHEME.search(state.src, max(0, state.pos - 6), state.pos)
    match = scheme and WITH_SCHEME.match(
        state.src, state.pos, min(state.posMax, state.pos + MAX_ADDRESS_LENGTH)
    )
    if not scheme or not match:
        return False
    address = scheme[0] + trimmed(match[0])
    attributes = attributes_of(state.md, address, state.env)
    if attributes is None:
        return False
    if not silent:
        state.pending = state.pending[: -len(scheme[0])]
        state.push("link_open", "a", 1).attrs = attributes
        state.push("text", "", 0).content = address
        state.push("link_close", "a", -1)
    state.pos += len(address) - len(scheme[0])
    return True


def bare(match: re.Match[str], parser: MarkdownIt, env: Mapping[str, Any]) -> tuple[str, Attributes] | None:
    """Return the address matched by BARE with its link's attributes; None for a word that is none."""
    if match["domain"] and match["domain"].lower() not in DOMAINS:
        return None
    word = trimmed(match[0])
    address = word if word.lower().startswith("mailto:") else f"http://{word}"
    attributes = attributes_of(parser, address, env)
    return None if attributes is None else (word, attributes)


def attributes_of(parser: MarkdownIt, address: str, env: Mapping[str, Any]) -> Attributes | None:
    """Return the attributes of a link to this address; None if it is too long or of a kind that is no link."""
    env["steps"].take(steps(len(address)))
    href = parser.normalizeLink(address)
    if not parser.validateLink(href):
        return None
    return {"href": href} if href.startswith("/") else {"href": href, **ELSEWHERE}


def steps(characters: int) -> int:
    """Return the steps of a link of so many characters."""
    return LINK_STEPS + characters // CHARACTERS_PER_STEP


def trimmed(address: str) -> str:
    """Return the address without signs that end a sentence."""
    end = len(address)
    while end and address[end - 1] in TRAILING:
        end -= 1
    return address[:end]


def text(content: str) -> Token:
    """Return a text token."""
    return Token("text", "", 0, content=content)


def link(word: str, attributes: Attributes) -> list[Token]:
    """Return the tokens of a link."""
    return [Token("link_open", "a", 1, attrs=attributes), text(word), Token("link_close", "a", -1)]
