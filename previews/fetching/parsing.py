"""Read what a page says of itself: Open Graph, Twitter's cards, its title and description, and where oEmbed has them.

All is text from here on: no markup of a page's is kept.
"""

import codecs
import json
import re
import unicodedata
from dataclasses import dataclass, field
from html.parser import HTMLParser
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
    title: list[str] = field(default_factory=list)
    oembed: str = ""

    def first(self, names: tuple[str, ...]) -> str:
        """Return the first of these texts that isn't empty."""
        return next((self.meta[name] for name in names if self.meta.get(name)), "")


class HeadEnded(Exception):
    """The rest of the page is no more of interest."""


class HeadParser(HTMLParser):
    """Collects what is in a page's head. Raises HeadEnded behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.found = Found()
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in reversed(attrs)}
        if tag == "meta":
            name = (values.get("property") or values.get("name") or "").strip().lower()
            self.found.meta.setdefault(name, values.get("content", "").strip())
        elif tag == "link" and is_oembed(values):
            self.found.oembed = self.found.oembed or values.get("href", "")
        elif tag == "title":
            self._in_title = not self.found.title
        elif tag == "body":
            raise HeadEnded

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False
        elif tag == "head":
            raise HeadEnded

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.found.title.append(data)


def is_oembed(link: dict[str, str]) -> bool:
    return "alternate" in link.get("rel", "").lower().split() and (
        link.get("type", "").strip().lower() == "application/json+oembed"
    )


def parsed(data: bytes, charset: str | None) -> Page:
    """Return what a page says of itself by its first bytes; `charset` is what its header says."""
    parser = HeadParser()
    try:
        parser.feed(decoded(data, charset))
        parser.close()
    except HeadEnded:
        pass
    found = parser.found
    return Page(
        tidy(found.first(TITLES) or "".join(found.title), MAX_TITLE_LENGTH),
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
    words = TURNING.sub("", text[: most * 20]).split()
    line = "".join(character for character in " ".join(words) if is_text(character)).strip()
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def is_text(character: str) -> bool:
    """Return whether it is neither a control character nor half of one."""
    return unicodedata.category(character) not in ("Cc", "Cs")


def address(text: str) -> str:
    """Return an address as a page has it; none if it is too long to be fetched."""
    return text.strip() if len(text) <= MAX_ADDRESS_LENGTH else ""
