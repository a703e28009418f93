"""Template tag of line icons."""

from functools import cache

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
@cache
def icon(name: str) -> SafeString:
    """Render an icon of the sprite icons.svg; the template has the words for screen readers beside it."""
    return format_html(
        '<svg class="icon" aria-hidden="true" width="18" height="18"><use href="{}#{}"></use></svg>',
        static("icons.svg"),
        name,
    )
