"""Jobs of the child process "fetch": one link each.

`{"url", "seconds", "hosts", "networks"}`, with an open file for the picture where one is wanted, is answered `{"title",
"description", "picture"}`, the last being whether the file has one now. What has no preview is answered `{"refused":
reason}`.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from time import monotonic
from typing import Any
from urllib.parse import urljoin

from chatsite.outbound.addresses import networks_of
from chatsite.outbound.connecting import Refused, Rules
from previews.fetching import parsing
from previews.fetching.fetch import Answer, fetched
from previews.fetching.parsing import Page

# Bytes that are read of a page, of oEmbed's answer, and of a picture.
MAX_PAGE_BYTES, MAX_OEMBED_BYTES, MAX_PICTURE_BYTES = 262_144, 65_536, 5_000_000
PAGES = ("text/html", "application/xhtml+xml")
OEMBED = ("application/json",)
PICTURES = ("image/",)
# glibc's bounds: without them a name server that is silent takes 10 s and more.
os.environ["RES_OPTIONS"] = "timeout:2 attempts:1"


def handle(job: dict[str, Any], descriptors: Sequence[int]) -> dict[str, Any]:
    """Do one job. The descriptors stay open: `child.py` closes them."""
    rules = Rules(monotonic() + job["seconds"], job["hosts"], networks_of(job["networks"]))
    try:
        page = read_page(job["url"], rules)
        stored = (
            bool(descriptors) and bool(page.picture) and store_picture(page.picture, descriptors[0], rules)
        )
    except Refused as refused:
        return {"refused": refused.reason}
    if not page.title:
        return {"refused": "nothing"}
    return {"title": page.title, "description": page.description, "picture": stored}


def read_page(url: str, rules: Rules) -> Page:
    """Return what a page says of itself, with what oEmbed knows where it doesn't."""
    with fetched(url, PAGES, rules) as answer:
        data = answer.read_until(b"</head", MAX_PAGE_BYTES)
    page = parsing.parsed(data, answer.charset)
    page.picture = joined(answer, page.picture)
    if page.oembed and not (page.title and page.picture):
        with suppress(Refused):
            fill_in(page, joined(answer, page.oembed), rules)
    return page


def fill_in(page: Page, url: str, rules: Rules) -> None:
    """Take from oEmbed's answer what the page itself doesn't say."""
    with fetched(url, OEMBED, rules) as answer:
        found = parsing.parsed_oembed(answer.read(MAX_OEMBED_BYTES))
    page.title = page.title or found.title
    page.picture = page.picture or joined(answer, found.picture)


def joined(answer: Answer, address: str) -> str:
    """Return the whole address of what a page names; none for what is no address."""
    try:
        return urljoin(answer.url, address) if address else ""
    except ValueError:
        return ""


def store_picture(url: str, descriptor: int, rules: Rules) -> bool:
    """Fetch a picture into an open file; return whether it is whole. A preview doesn't fail by its picture."""
    size = 0
    try:
        with fetched(url, PICTURES, rules) as answer:
            for piece in answer.pieces:
                size += len(piece)
                if size > MAX_PICTURE_BYTES:
                    raise Refused("size")
                os.write(descriptor, piece)
    except Refused:
        os.ftruncate(descriptor, 0)
        return False
    return size > 0
