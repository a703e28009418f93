"""Reminders as clients see them."""

from collections.abc import Sequence
from typing import Any

from accounts.models import User
from chatsite.contract.times import iso
from drafts.models import Reminder
from messaging.models import Message
from messaging.payloads import quote

Payload = dict[str, Any]


def reminder_payloads(user: User, reminders: Sequence[Reminder]) -> list[Payload]:
    """Return the contract's reminders of a person. One query more, for the messages that they may still read."""
    ids = {reminder.message_id for reminder in reminders if reminder.message_id is not None}
    readable = Message.objects.whole().visible_to(user).filter(pk__in=ids) if ids else ()
    messages = {message.pk: message for message in readable}
    return [payload(reminder, messages.get(reminder.message_id or 0)) for reminder in reminders]


def reminder_payload(user: User, reminder: Reminder) -> Payload:
    """Return the contract's reminder."""
    return reminder_payloads(user, [reminder])[0]


def payload(reminder: Reminder, message: Message | None) -> Payload:
    """Return a reminder with the gist of its message, if the person may read that."""
    return {
        "id": reminder.pk,
        "text": reminder.text,
        "message": {"room": message.room.slug, "name": message.room.name, **quote(message)}
        if message
        else None,
        "client_id": str(reminder.client_id),
        "remind_at": iso(reminder.remind_at),
        "time_zone": reminder.time_zone,
        "state": reminder.state,
        "due_at": iso(reminder.due_at),
        "created_at": iso(reminder.created_at),
    }
