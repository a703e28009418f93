"""Previews as messages show them."""

from messaging.payloads import Payload
from previews.links import Link
from previews.models import MessagePreview


def preview_payload(link: Link, shown: MessagePreview) -> Payload:
    """Return the contract's preview of a message's link."""
    preview = shown.preview
    return {
        "id": shown.pk,
        "url": link.href,
        "host": preview.host,
        "title": preview.title,
        "description": preview.description,
        "picture": None,
    }
