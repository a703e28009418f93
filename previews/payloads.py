"""Previews as messages show them."""

from files.models import File
from files.payloads import url_of
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
        "picture": preview.picture and picture_payload(preview.picture),
    }


def picture_payload(file: File) -> Payload:
    """Return the address and the size of a preview's picture; `blob` is loaded."""
    return {"url": url_of(file), "width": file.blob.width, "height": file.blob.height}
