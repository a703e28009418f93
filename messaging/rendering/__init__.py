"""Rendering of typed text to safe HTML: markdown, mentions, room links and highlighted code.

Strangers' text is rendered in the loop that serves everybody, so each step is bounded: plain words take one regular
expression, markdown a number of steps (`markdown`), code lexers are linear (`highlighting`), and all of it a time of
the CPU (`cpu_limit`). Text that exceeds a bound is shown as typed.
"""

import logging
import re
from collections.abc import Mapping, Set
from html import escape

import nh3

from chatsite.realtime.scheduling.yield_points import yield_point
from messaging.rendering.cpu_limit import TooLong, cpu_limit
from messaging.rendering.markdown import MARKS, MAX_STEPS, SPACES, Tangled, to_html
from messaging.rendering.names import CALLS, names_in
from messaging.rendering.own_emoji import large_emoji

__all__ = ["CALLS", "as_typed", "clean", "is_plain", "names_in", "render", "weight"]

logger = logging.getLogger("chatsite.messaging")

TAGS = {"p", "br", "strong", "em", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a", "span", "img"}
ATTRIBUTES: dict[str, set[str]] = {
    "*": set(),
    "a": {"href", "target", "class", "data-user", "data-room", "data-call"},
    "p": {"class"},
    "pre": {"class"},
    "span": {"class"},
    "ol": {"start"},
    # Of the site's own emoji alone: no mark makes another picture.
    "img": {"class", "alt", "title", "src"},
}
# CPU seconds for unforeseen texts. The worst known takes 0.01 on the machine of docs/performance.md; a garbage
# collection in between can take 0.05.
RENDER_SECONDS = 0.15
# Weight of markdown in plain characters: of any such text, and of each mark in it.
MARKED_TEXT_WEIGHT, MARK_WEIGHT = 100, 5
# Letters, digits and the signs between words; a dot or colon only where a word ends, since `a.b` may be an address,
# and neither `1.` nor `-` at the start, which begin a list.
WORDS = re.compile(
    r"(?! |\d++\.|[-%])(?:[^\W_]++|[,!?;\u2019\u2026\u20ac%](?! )|-(?=[^\W_])|[.:,!?;](?= [^ ]|$)| (?=[^ ]))++"
)


def render(
    body: str,
    people: Mapping[str, str] | None = None,
    rooms: Mapping[str, str] | None = None,
    calls: Set[str] = frozenset(),
) -> str:
    """Return safe HTML of `body`. `people` are usernames by their lower case and `rooms` names by slug; only these
    become links. `calls` are those words of CALLS by which its sender may call everybody; others stay text. The site's own
    emoji are those that `emoji.names` knows."""
    if is_plain(body):
        # None of HTML's own signs is in it.
        return f"<p>{body}</p>"
    if (large := large_emoji(body)) is not None:
        return f'<p class="emoji-only">{large}</p>'
    yield_point()
    try:
        with cpu_limit(RENDER_SECONDS):
            html = to_html(body, people or {}, rooms or {}, calls)
        yield_point()
        with cpu_limit(RENDER_SECONDS):
            return clean(html).strip()
    except Tangled:
        return as_typed(body)
    except TooLong:
        logger.warning("a message of %d characters took too long to render", len(body))
        return as_typed(body)


def weight(body: str) -> int:
    """Return the cost of rendering `body` in plain characters, of some 1.5 µs with all else that is done for them."""
    marks = len(MARKS.findall(body)) if MARKS.search(body) else 0
    return len(body) + (MARKED_TEXT_WEIGHT + MARK_WEIGHT * min(marks, MAX_STEPS) if marks else 0)


def is_plain(body: str) -> bool:
    """Return whether the text is one line of words without any markdown: most messages, at a tenth of the work."""
    return WORDS.fullmatch(body) is not None


def as_typed(body: str) -> str:
    """Return the text as HTML without markdown."""
    spaced = ' class="spaced"' if SPACES.search(body) else ""
    return f"<p{spaced}>" + escape(body).replace("\n", "<br>") + "</p>"


def clean(html: str) -> str:
    """Sanitize HTML, as a second line of defence: only these tags and attributes remain."""
    return nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
