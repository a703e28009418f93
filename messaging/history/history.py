"""Messages of one room, replayed from the log or by keyset for who scrolls; and the span of a page of messages."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Max, QuerySet

from accounts.models import User
from chatsite.web.fields import MAX_BIGINT
from messaging.models import Message, MessageQuerySet
from messaging.payloads import Payload, message_payload, message_rows
from rooms import access
from rooms.log.log import LogLine
from rooms.models import Room

MESSAGES_PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class Span:
    """At most `limit` messages in the order of `key`: by seq in the room `room`, or by id over all rooms. Newest
    first before `before`, or oldest first after `after`."""

    limit: int
    before: int | None = None
    after: int | None = None
    room: str | None = None

    @property
    def key(self) -> str:
        """The column of positions."""
        return "pk" if self.room is None else "seq"

    @property
    def forward(self) -> bool:
        """Whether the page is oldest first."""
        return self.after is not None

    @property
    def border(self) -> int:
        """The first position after the cursor: messages before it have lower ones."""
        if self.after is not None:
            return min(self.after + 1, MAX_BIGINT)
        return MAX_BIGINT if self.before is None else self.before

    def of(self, found: QuerySet[Message]) -> QuerySet[Message]:
        """Filter and order messages by the span, without its limit."""
        if self.forward:
            return found.filter(**{f"{self.key}__gt": self.after}).order_by(self.key)
        return found.filter(**{f"{self.key}__lt": self.border}).order_by(f"-{self.key}")

    def end(self) -> int:
        """Return the highest position."""
        if self.room is None:
            return Message.objects.aggregate(last=Max("pk"))["last"] or 0
        return Room.objects.values_list("head", flat=True).get(slug=self.room)


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
