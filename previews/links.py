"""Links in a message that may have a preview."""

import hashlib
import re
from html import unescape
from typing import NamedTuple

from django.conf import settings

from chatsite.outbound.connecting import Refused, is_refused, target_of

# Links of one message that get a preview, and those that are looked at.
MAX_LINKS, MAX_LOOKED_AT = 3, 50
# Rendered messages have links nowhere but in `<a>` (`messaging.rendering`), and their quotes escaped.
LINK = re.compile(r'<a [^>]*?href="(https?://[^"]+)"')


class Link(NamedTuple):
    """A link: as it stands in the message, as it is fetched, and that one's hash; its host."""

    href: str
    url: str
    key: str
    host: str


def links_in(html: str) -> list[Link]:
    """Return the first links of a rendered message that lead elsewhere, each once, at most MAX_LINKS."""
    found: dict[str, Link] = {}
    for _, match in zip(range(MAX_LOOKED_AT), LINK.finditer(html), strict=False):
        link = link_of(unescape(match[1]))
        if link is not None:
            found.setdefault(link.key, link)
        if len(found) == MAX_LINKS:
            break
    return list(found.values())


def link_of(href: str) -> Link | None:
    """Return the link, or None if it is none to be fetched: of this site, or no address of the web."""
    try:
        target = target_of(href)
    except Refused:
        return None
    if is_refused(target.host, settings.ALLOWED_HOSTS):
        return None
    return Link(href, target.url, hashlib.sha256(target.url.encode()).hexdigest(), target.host)
