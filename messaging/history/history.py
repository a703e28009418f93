"""Messages of one room: replayed from the log, or by keyset for who scrolls."""

from collections.abc import Sequence

from django.db.models import QuerySet

from accounts.models import User
from messaging.message_row import message_rows
from messaging.models import Message, MessageQuerySet
from messaging.payloads import Payload, message_payload
from rooms import access
from rooms.log.log import LogLine
from rooms.models import Room

EVENT_NAMES = ("chat-message", "message-edited", "message-deleted")
MESSAGES_PER_PAGE = 50


def replay(lines: Sequence[LogLine]) -> dict[int, Payload]:
    """Return messages by the lines' seq, as they are now: deleted ones are tombstones. The log's builder for message
    events."""
    rows = message_rows(Message.objects.filter(pk__in={line.subject_id for line in lines}))
    messages = {row.pk: row for row in rows}
    return {line.seq: {**message_payload(messages[line.subject_id]), "seq": line.seq} for line in lines}


def history(
    user: User, room: str, before: int | None = None, after: int | None = None, limit: int = MESSAGES_PER_PAGE
) -> list[Payload]:
    """Return messages around a position in a room that the user may read. Raises NotFound and Banned."""
    return around(access.room_for(user, room), before, after, limit)


def around(
    room: Room, before: int | None = None, after: int | None = None, limit: int = MESSAGES_PER_PAGE
) -> list[Payload]:
    """Return at most `limit` messages, oldest first: the last before `before` (or of all), or the first after
    `after`."""
    found = of_room(room)
    if after is not None:
        return payloads(found.filter(seq__gt=after).order_by("seq")[:limit])
    if before is not None:
        found = found.filter(seq__lt=before)
    return payloads(found.order_by("-seq")[:limit])[::-1]


def unread(room: Room, user: User, read_seq: int, limit: int) -> list[Payload]:
    """Return the first `limit` messages that an unread count counts: others', after the read position, neither
    deleted nor hidden."""
    beyond = of_room(room).standing().filter(seq__gt=read_seq).exclude(sender=user)
    return payloads(beyond.order_by("seq")[:limit])


def in_room(user: User, room: str) -> QuerySet[Message]:
    """Return the messages of a room that the user may read. Raises NotFound and Banned."""
    return of_room(access.room_for(user, room))


def of_room(room: Room) -> MessageQuerySet:
    """Return the room's messages."""
    found: MessageQuerySet = room.messages.all()
    return found


def payloads(messages: QuerySet[Message]) -> list[Payload]:
    """Return the payloads of messages in the queryset's order. One query."""
    return [message_payload(row) for row in message_rows(messages)]
