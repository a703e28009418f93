"""Emoji as clients see them."""

from typing import Any

from chatsite.contract.times import iso
from emoji.models import CustomEmoji
from emoji.names import url_of

Payload = dict[str, Any]


def emoji_payload(emoji: CustomEmoji) -> Payload:
    """Return the contract's emoji; `file.blob` and `added_by` are loaded."""
    return {
        "name": emoji.name,
        "url": url_of(emoji.name, emoji.file_id.hex),
        "animated": emoji.file.blob.animated,
        "added_by": emoji.added_by.username,
        "created_at": iso(emoji.created_at),
    }
