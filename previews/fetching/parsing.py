"""Read what a page says of itself: Open Graph, Twitter's cards, its title and description, and where oEmbed has them.

All is text from here on: no markup of a page's is kept.
"""

import codecs
import json
import re
import unicodedata
from dataclasses import dataclass, field
from html import unescape
from typing import Any

MAX_TITLE_LENGTH, MAX_DESCRIPTION_LENGTH, MAX_ADDRESS_LENGTH = 200, 500, 2000
# Bytes in which a page may name its charset, as browsers read them.
CHARSET_BYTES = 1024
CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s{0,5}=\s{0,5}["']?([a-z0-9_:-]{1,40})""", re.IGNORECASE)
# Charsets of the web (the Encoding Standard). Python has others that are none: UTF-7, unicode_escape, idna …
CHARSETS = re.compile(
    r"utf-?8|utf-?16([bl]e)?|us-ascii|(iso-?8859|windows|cp)-?\d{1,4}|koi8-[ru]|gbk|gb2312|gb18030|big5(-hkscs)?"
    r"|euc-(jp|kr)|shift_jis|iso-2022-jp|macintosh|ibm866",
    re.IGNORECASE,
)
BYTE_ORDER_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
# Characters that would turn the text around them.
TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
# Characters of a value that are looked at: fewer than the 4,300 digits of a number that Python refuses to read.
MAX_RAW_LENGTH = 4000
# What is of interest in a page's head, and what is left out with all in it. All patterns are linear: after an unlimited
# repeat nothing can fail.
THING = re.compile(
    r"<(?:!--|(?P<name>/head|body|meta|link|title|script|style|noscript|template|svg)(?=[\s/>]))",
    re.IGNORECASE,
)
ENDS = {
    name: re.compile(f"</{name}", re.IGNORECASE)
    for name in ("title", "script", "style", "noscript", "template", "svg")
}
ENDS["--"] = re.compile("-->")
ATTRIBUTE = re.compile(
    r"""[\s/]*+(?P<name>[^\s/>=<"']++)(?:\s*+=\s*+(?:"(?P<double>[^"]*+)"|'(?P<single>[^']*+)'|(?P<bare>[^\s>"']*+)))?+"""
)
# Names of a page's words about itself, the best first.
TITLES = ("og:title", "twitter:title")
DESCRIPTIONS = ("og:description", "twitter:description", "description")
PICTURES = ("og:image:secure_url", "og:image", "og:image:url", "twitter:image", "twitter:image:src")


@dataclass
class Page:
    """What a page says of itself; what it doesn't say is empty. Addresses are as it has them."""

    title: str = ""
    description: str = ""
    picture: str = ""
    oembed: str = ""


@dataclass
class Found:
    """What was seen in a page's head: texts of `<meta>` by name, the first of each; the title; oEmbed's address."""

    meta: dict[str, str] = field(default_factory=dict)
    title: str = ""
    oembed: str = ""

    def first(self, names: tuple[str, ...]) -> str:
        """Return the first of these texts that isn't empty."""
        return next((self.meta[name] for name in names if self.meta.get(name)), "")


def look_through(text: str) -> Found:
    """Return what is in a page's head, in one pass: each step goes on behind what it read. Python's own parser took 30 s for
    256 KB of comments that don't end."""
    found, at = Found(), 0
    while match := THING.search(text, at):
        at, name = match.end(), (match["name"] or "--").lower()
        if name in ("/head", "body"):
            break
        if name in ("meta", "link"):
            at = note_tag(found, name, text, at)
            continue
        end = ENDS[name].search(text, at)
        if name == "title" and not found.title:
            found.title = unescape(
                text[text.find(">", at) + 1 : end.start() if end else None][:MAX_RAW_LENGTH]
            )
        if end is None:
            break
        at = end.end()
    return found


def note_tag(found: Found, name: str, text: str, at: int) -> int:
    """Note what the `<meta>` or `<link>` says whose attributes begin at `at`; return its end."""
    values: dict[str, str] = {}
    while match := ATTRIBUTE.match(text, at):
        at = match.end()
        raw = match["double"] or match["single"] or match["bare"] or ""
        values.setdefault(match["name"].lower(), unescape(raw[:MAX_RAW_LENGTH]))
    if name == "link" and is_oembed(values):
        found.oembed = found.oembed or values.get("href", "")
    elif name == "meta":
        key = (values.get("property") or values.get("name") or "").strip().lower()
        found.meta.setdefault(key, values.get("content", "").strip())
    return at


def is_oembed(link: dict[str, str]) -> bool:
    return "alternate" in link.get("rel", "").lower().split() and (
        link.get("type", "").strip().lower() == "application/json+oembed"
    )


def parsed(data: bytes, charset: str | None) -> Page:
    """Return what a page says of itself by its first bytes; `charset` is what its header says."""
    found = look_through(decoded(data, charset))
    return Page(
        tidy(found.first(TITLES) or found.title, MAX_TITLE_LENGTH),
        tidy(found.first(DESCRIPTIONS), MAX_DESCRIPTION_LENGTH),
        address(found.first(PICTURES)),
        address(found.oembed),
    )


def parsed_oembed(data: bytes) -> Page:
    """Return the title and the picture of an oEmbed answer; nothing of its HTML. Of what is no such answer, nothing."""
    try:
        answer: Any = json.loads(data)
    except (ValueError, RecursionError):
        return Page()
    texts = answer if isinstance(answer, dict) else {}
    title, picture = (
        texts[name] if isinstance(texts.get(name), str) else "" for name in ("title", "thumbnail_url")
    )
    return Page(tidy(title, MAX_TITLE_LENGTH), picture=address(picture))


def decoded(data: bytes, charset: str | None) -> str:
    """Return the text of a page by its byte order mark, its header, or what it says itself; else as UTF-8. What can't be
    read becomes a replacement character."""
    for mark, name in BYTE_ORDER_MARKS.items():
        if data.startswith(mark):
            return data[len(mark) :].decode(name, "replace")
    named = CHARSET.search(data, 0, CHARSET_BYTES)
    for given in (charset, named[1].decode() if named else None):
        name = given or ""
        if CHARSETS.fullmatch(name.strip()):
            try:
                return data.decode(name.strip(), "replace")
            except LookupError:
                continue
    return data.decode("utf-8", "replace")


def tidy(text: str, most: int) -> str:
    """Return one line of at most `most` characters, without what can't be seen or stored."""
    kept = "".join(character for character in text[: most * 20] if is_text(character))
    line = " ".join(TURNING.sub("", kept).split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def is_text(character: str) -> bool:
    """Return whether it is a blank, or neither a control character nor half of one."""
    return character.isspace() or unicodedata.category(character) not in ("Cc", "Cs")


def address(text: str) -> str:
    """Return an address as a page has it; none if it is too long to be fetched."""
    return text.strip() if len(text) <= MAX_ADDRESS_LENGTH else ""
