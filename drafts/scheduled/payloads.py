"""Scheduled messages as clients see them."""

from typing import Any

from chatsite.contract.times import iso
from drafts.models import ScheduledMessage

Payload = dict[str, Any]


def scheduled_payload(row: ScheduledMessage, state: str = "", message: int | None = None) -> Payload:
    """Return the contract's scheduled message; `room` is loaded. `state` is `sent`, with the `message`'s id, or `cancelled`
    of one whose row is gone. What it answers is an id alone: the sender may not be able to read it any more."""
    failed = row.state == ScheduledMessage.State.FAILED and not state
    return {
        "id": row.pk,
        "room": row.room.slug,
        "body": row.body,
        "reply_to": row.reply_to_id,
        "client_id": str(row.client_id),
        "send_at": iso(row.send_at),
        "time_zone": row.time_zone,
        "state": state or row.state,
        "error": {"code": row.error_code, "detail": row.error_detail} if failed else None,
        "message": message,
        "created_at": iso(row.created_at),
    }
