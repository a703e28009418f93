"""Reading of private and direct rooms by the site's moderators, administrators included: one room at a time, for an
hour, for a recorded reason.

Messages that the administration shows go through `redact`, and those that it searches through `searchable`: a search
that finds a word reveals it.
"""

from collections.abc import Collection, Iterable
from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import User
from chatsite.contract.errors import Forbidden, Invalid
from messaging.models import PARTS, Message, PrivateReading
from rooms.models import Room

READING_DURATION = timedelta(hours=1)
MIN_REASON_LENGTH, MAX_REASON_LENGTH = 10, 500


def give_reason(moderator: User, room: Room, reason: str) -> PrivateReading:
    """Record why somebody reads a room, and open it to them for an hour; a reading that is open already stays. Raises
    Forbidden for somebody who moderates nothing and for public rooms, Invalid for a reason that is too short or too
    long."""
    if not (moderator.is_present and moderator.is_staff) or room.kind == Room.Kind.PUBLIC:
        raise Forbidden()
    reason = " ".join(reason.replace("\x00", "").split())
    if not MIN_REASON_LENGTH <= len(reason) <= MAX_REASON_LENGTH:
        raise Invalid.about(
            "reason",
            f"Say why in {MIN_REASON_LENGTH} to {MAX_REASON_LENGTH} characters: others must understand it.",
        )
    now = timezone.now()
    standing = PrivateReading.objects.open_to(moderator).filter(room=room).first()
    return standing or PrivateReading.objects.create(
        room=room, moderator=moderator, reason=reason, created_at=now, expires_at=now + READING_DURATION
    )


def open_rooms(moderator: User) -> set[int]:
    """Return the ids of private and direct rooms that they may read now."""
    return set(PrivateReading.objects.open_to(moderator).values_list("room_id", flat=True))


def may_read(moderator: User, room: Room) -> bool:
    """Return whether the moderator may read the room."""
    return room.kind == Room.Kind.PUBLIC or room.pk in open_rooms(moderator)


def redact(messages: Iterable[Message], moderator: User) -> None:
    """Set `readable` of each message, and remove the texts of the others and all beside them. One query."""
    opened = open_rooms(moderator)
    for message in messages:
        message.readable = is_readable(message, opened)
        if not message.readable:
            message.body = message.html = ""
            for part in PARTS:
                setattr(message, part, None)


def is_readable(message: Message, opened: Collection[int]) -> bool:
    """Return whether the room is public or opened."""
    return message.room.kind == Room.Kind.PUBLIC or message.room_id in opened


def searchable(found: QuerySet[Message], moderator: User) -> QuerySet[Message]:
    """Keep messages that the moderator may search."""
    return found.filter(Q(room__kind=Room.Kind.PUBLIC) | Q(room__in=open_rooms(moderator)))
