"""From what was typed to safe HTML: the markdown that chat people expect, mentions, room links and coloured code.

Strangers' text is read in the loop that serves everybody, so that each step has a bound: plain words take one regular
expression, markdown a number of steps (`markdown`), code lexers that are linear (`highlighting`), and all of it some
milliseconds of the processor (`cpu_limit`). What exceeds a bound is shown as it was typed.
"""

import logging
import re
from collections.abc import Mapping

import nh3
from django.utils.html import escape

from chatsite.realtime.scheduling.yield_points import yield_point
from messaging.rendering.cpu_limit import TooLong, cpu_limit
from messaging.rendering.markdown import MARKS, MAX_STEPS, SPACES, Tangled, to_html
from messaging.rendering.names import names_in

__all__ = ["clean", "is_plain", "names_in", "render", "weight"]

logger = logging.getLogger("chatsite.messaging")

TAGS = {"p", "br", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a", "span"}
ATTRIBUTES: dict[str, set[str]] = {
    "*": set(),
    "a": {"href", "target", "class", "data-user", "data-room"},
    "p": {"class"},
    "pre": {"class"},
    "span": {"class"},
    "ol": {"start"},
}
# For texts that nobody has thought of. The worst known takes 0.01 on the machine of docs/performance.md; a collection of
# garbage that falls into it can take 0.05.
RENDER_SECONDS = 0.15
# What markdown costs, in plain characters: for any text, and for each mark in it.
MARKED_TEXT_WEIGHT, MARK_WEIGHT = 100, 5
# Letters, digits and the signs between words; a dot or colon only where a word ends, since `a.b` may be an address,
# and neither `1.` nor `-` at the start, which begin a list.
WORDS = re.compile(
    r"(?! |\d++\.|[-%])(?:[^\W_]++|[,!?;\u2019\u2026\u20ac%](?! )|-(?=[^\W_])|[.:,!?;](?= [^ ]|$)| (?=[^ ]))++"
)


def render(body: str, people: Mapping[str, str] | None = None, rooms: Mapping[str, str] | None = None) -> str:
    """Safe HTML of `body`. `people` gives usernames by their small letters, `rooms` the names of rooms by their slug;
    only these become links."""
    if is_plain(body):
        return f"<p>{escape(body)}</p>"
    yield_point()
    try:
        with cpu_limit(RENDER_SECONDS):
            html = to_html(body, people or {}, rooms or {})
        yield_point()
        with cpu_limit(RENDER_SECONDS):
            return clean(html).strip()
    except Tangled:
        return as_typed(body)
    except TooLong:
        logger.warning("a message of %d characters took too long to render", len(body))
        return as_typed(body)


def weight(body: str) -> int:
    """What it takes to render `body`, in the time of a plain character (some 1.5 µs with all else that is done to it)."""
    marks = len(MARKS.findall(body)) if MARKS.search(body) else 0
    return len(body) + (MARKED_TEXT_WEIGHT + MARK_WEIGHT * min(marks, MAX_STEPS) if marks else 0)


def is_plain(body: str) -> bool:
    """One line of words in which markdown has nothing to find: most of what is said, and a tenth of the work."""
    return WORDS.fullmatch(body) is not None


def as_typed(body: str) -> str:
    spaced = ' class="spaced"' if SPACES.search(body) else ""
    return f"<p{spaced}>" + escape(body).replace("\n", "<br>") + "</p>"


def clean(html: str) -> str:
    """The second wall: whatever the renderer lets through, only these tags and attributes leave the house."""
    return nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
