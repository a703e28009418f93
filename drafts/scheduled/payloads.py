"""Scheduled messages as clients see them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chatsite.contract.times import iso
from drafts.models import ScheduledMessage
from files import services as files
from files.models import File
from files.payloads import file_payload

Payload = dict[str, Any]


def scheduled_payloads(rows: Sequence[ScheduledMessage]) -> list[Payload]:
    """Return the contract's scheduled messages; their `room` is loaded. One query where any has files, else none."""
    found = files_of(rows)
    return [payload(row, found) for row in rows]


def files_of(rows: Iterable[ScheduledMessage]) -> dict[str, File]:
    """Return the files of scheduled messages that are still there, by id. One query where any has files, else none."""
    having = [row.pk for row in rows if row.files]
    return {str(file.pk): file for file in files.held(having)} if having else {}


def scheduled_payload(row: ScheduledMessage, state: str = "", message: int | None = None) -> Payload:
    """Return one of them."""
    return payload(row, files_of([row]), state, message)


def payload(
    row: ScheduledMessage, found: Mapping[str, File], state: str = "", message: int | None = None
) -> Payload:
    """Return one with those of its files that were `found`. `state` is `sent`, with the `message`'s id, or `cancelled`
    of one whose row is gone. What it answers is an id alone: the sender may not be able to read it any more."""
    failed = row.state == ScheduledMessage.State.FAILED and not state
    return {
        "id": row.pk,
        "room": row.room.slug,
        "body": row.body,
        "reply_to": row.reply_to_id,
        "files": [file_payload(found[each["id"]]) for each in row.files if each["id"] in found],
        "client_id": str(row.client_id),
        "send_at": iso(row.send_at),
        "time_zone": row.time_zone,
        "state": state or row.state,
        "error": {"code": row.error_code, "detail": row.error_detail} if failed else None,
        "message": message,
        "created_at": iso(row.created_at),
    }
