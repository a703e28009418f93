"""Reminders as clients see them."""

from collections.abc import Collection, Sequence
from typing import Any

from accounts.models import User
from chatsite.contract.times import iso
from drafts.models import Reminder
from messaging.models import Message
from messaging.payloads import quote
from rooms.models import Room

Payload = dict[str, Any]


def reminder_payloads(user: User, reminders: Sequence[Reminder]) -> list[Payload]:
    """Return the contract's reminders of a person. Two queries more, for the messages that they may still read."""
    messages = readable(user, {reminder.message_id for reminder in reminders} - {None})
    return [payload(reminder, messages.get(reminder.message_id or 0)) for reminder in reminders]


def readable(user: User, ids: Collection[int | None]) -> dict[int, Message]:
    """Return those of the messages that the person may read, by id. Asked about their rooms alone: all that a person may
    read are as many as the site has public ones."""
    if not ids:
        return {}
    messages = Message.objects.whole().in_bulk(ids)
    rooms = {message.room_id for message in messages.values()}
    open_to = set(Room.objects.filter(pk__in=rooms).readable_by(user).values_list("pk", flat=True))
    return {pk: message for pk, message in messages.items() if message.room_id in open_to}


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
