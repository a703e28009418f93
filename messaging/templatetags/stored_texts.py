"""A template tag that counts the earlier texts of messages, for the page of the site's settings."""

from django import template

from messaging import edit_history

register = template.Library()


@register.simple_tag
def stored_texts() -> str:
    """Return how many earlier texts are stored, "" for none."""
    return edit_history.stored_texts()
