"""Drafts as clients see them."""

from typing import Any

from chatsite.contract.times import iso
from drafts.models import SavedDraft
from messaging.payloads import quote

Payload = dict[str, Any]


def draft_payload(draft: SavedDraft) -> Payload:
    """Return the contract's draft; `room` and `reply_to` with its sender are loaded."""
    return {
        "room": draft.room.slug,
        "body": draft.body,
        "reply_to": quote(draft.reply_to) if draft.reply_to else None,
        "version": draft.version,
        "updated_at": iso(draft.updated_at),
    }


def no_draft(room: str) -> Payload:
    """Return the contract's draft of a room where there is none."""
    return {"room": room, "body": "", "reply_to": None, "version": 0, "updated_at": None}
