"""Reading messages: out of the log for who was away, by keyset for who scrolls."""

from collections.abc import Sequence

from django.db.models import QuerySet

from accounts.models import User
from messaging.models import Message
from messaging.payloads import Payload, message_payload
from rooms import access
from rooms.models import Event, Room

NAMES = ("chat-message", "message-edited", "message-deleted")
PAGE = 50


def replay(rows: Sequence[Event]) -> dict[int, Payload]:
    """The messages that these log rows tell of, by the rows' seq, as they are now: what was deleted since is a tombstone."""
    messages = Message.objects.whole().in_bulk([row.subject_id for row in rows])
    return {row.seq: {**message_payload(messages[row.subject_id]), "seq": row.seq} for row in rows}


def history(
    user: User, room: str, before: int | None = None, after: int | None = None, limit: int = PAGE
) -> list[Payload]:
    """`around` a place in the log of a room that the user may read."""
    return around(access.room_for(user, room), before, after, limit)


def around(
    room: Room, before: int | None = None, after: int | None = None, limit: int = PAGE
) -> list[Payload]:
    """At most `limit` messages around a place in the log, oldest first: the last before `before` (or of all), or the
    first after `after`."""
    found = of_room(room)
    if after is not None:
        return [message_payload(message) for message in found.filter(seq__gt=after).order_by("seq")[:limit]]
    if before is not None:
        found = found.filter(seq__lt=before)
    return [message_payload(message) for message in reversed(found.order_by("-seq")[:limit])]


def in_room(user: User, room: str) -> QuerySet[Message]:
    return of_room(access.room_for(user, room))


def of_room(room: Room) -> QuerySet[Message]:
    """With all that a payload needs: `whole`, but for the room, which is at hand."""
    found: QuerySet[Message] = room.messages.select_related("sender", "reply_to__sender")
    return found
