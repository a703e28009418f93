"""The site's own emoji in texts: `:name:` becomes a picture, which nothing but its name could do wrong."""

import re

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from markdown_it.rules_inline import StateInline

from chatsite.contract.emoji import are_emoji
from emoji.names import NAMED, Picture, ensure, known, picture_in, picture_of
from messaging.rendering.addresses import LINK_STEPS

# Emoji that are shown large, if they are all of a message; and the characters that so many have, with blanks.
MAX_LARGE_EMOJI, MAX_LARGE_LENGTH = 3, 120
# A picture in rendered HTML, which has none but these.
IMAGE = re.compile(r'<img class="emoji" alt="(?P<alt>[^"]*)"[^>]*>')
# Stands for one of the site's own where emoji of Unicode are looked for.
STAND_IN = "\N{GRINNING FACE}"


def own_emoji(state: StateInline, silent: bool) -> bool:
    """Parse `:name:` of an emoji that the site has, not within a word or a time."""
    start = state.pos
    if state.src[start] != ":" or not known.pictures or is_word(state.src[start - 1 : start]):
        return False
    match = NAMED.match(state.src, start)
    picture = match and picture_of(match[1])
    if not match or not picture or is_word(state.src[match.end() : match.end() + 1]):
        return False
    # As much as a link has: each is a picture that browsers load.
    state.env["steps"].take(LINK_STEPS)
    if not silent:
        state.push("own_emoji", "img", 0).attrs = {**attributes(picture)}
    state.pos = match.end()
    return True


def is_word(character: str) -> bool:
    return character.isascii() and (character.isalnum() or character == "_")


def attributes(picture: Picture) -> dict[str, str]:
    spelled = f":{picture.name}:"
    return {"class": "emoji", "alt": spelled, "title": spelled, "src": picture.url}


def large_emoji(body: str) -> str | None:
    """Return HTML of a text that is one to MAX_LARGE_EMOJI emoji, Unicode's and the site's own, and nothing else; None for
    another."""
    if are_emoji(body, MAX_LARGE_EMOJI):
        return escape(body).replace("\n", "<br>")
    if ":" not in body or len(body) > MAX_LARGE_LENGTH or not known.pictures:
        return None
    if not are_emoji(
        NAMED.sub(lambda match: STAND_IN if picture_of(match[1]) else match[0], body), MAX_LARGE_EMOJI
    ):
        return None
    return NAMED.sub(lambda match: image(picture_of(match[1])), escape(body)).replace("\n", "<br>")


def image(picture: Picture | None) -> SafeString:
    """Return the element of a picture."""
    if picture is None:
        return SafeString("")
    return format_html('<img class="emoji" alt="{alt}" title="{title}" src="{src}">', **attributes(picture))


def with_present_emoji(html: str) -> str:
    """Return a text's HTML with the names of emoji that were removed since, whose pictures browsers keep, and with the
    present address of one that came back."""
    if "<img" not in html:
        return html
    ensure()
    return IMAGE.sub(lambda found: image(picture_in(found["alt"])) or found["alt"], html)
