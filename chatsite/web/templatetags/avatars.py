"""Template tag for pictures of people and rooms."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()
# Sides in CSS pixels by the class of an avatar, and of the picture's files for screens of one and two pixels for each.
# `static/js/lib/people/avatar.js` has the same.
SIDES = {"": 36, "side": 18, "small": 24, "medium": 30, "large": 64}
SMALL_FILES, LARGE_FILES = (48, 96), (96, 256)


@register.simple_tag
def picture(url: str, size: str = "") -> SafeString:
    """Return the picture of an avatar's address with `{size}`."""
    one, two = (
        url.replace("{size}", str(side)) for side in (LARGE_FILES if size == "large" else SMALL_FILES)
    )
    side = SIDES.get(size, SIDES[""])
    return format_html(
        '<img src="{}" srcset="{} 2x" width="{}" height="{}" alt="" data-part="picture">',
        one,
        two,
        side,
        side,
    )
