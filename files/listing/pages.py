"""Pages of a room's files: newest first by their messages, or oldest first behind one, of one kind or person, by keyset.

A page is found among a bounded number of files, so that one which nobody sent costs no more than others: it may have fewer
than were asked for, even none, and there is more as long as there is a `next`.
"""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.names import USERNAME
from accounts.payloads import user_brief
from chatsite.contract.errors import Invalid
from chatsite.web.fields import MAX_BIGINT
from files.models import File
from files.payloads import Payload, file_payload
from rooms.models import Room

# Files that are looked through for a page of one kind or person, some 10 ms; and for each file of a page of all, where those
# of hidden messages are passed by.
MAX_LOOKED_AT, LOOKED_AT_PER_FILE = 1000, 4
KINDS = ("picture", "audio", "video", "text", "document", "archive", "other")
WRONG_PLACE = "Take it from next of a page."


class Place(NamedTuple):
    """A file in the order of the list: its message, and its id among that message's files."""

    message_id: int
    file_id: UUID

    def __str__(self) -> str:
        return f"{self.message_id}-{self.file_id.hex}"


class FilePage(NamedTuple):
    """Files with `blob` and `owner`, and where the next page begins: behind `next`, or nowhere."""

    files: list[File]
    next: Place | None


def parse_place(value: str, name: str = "before") -> Place:
    """Read a Place as `str` writes it. Raises Invalid about the parameter `name`."""
    message, _, file = value.partition("-")
    try:
        place = Place(int(message) if message.isascii() and message.isdigit() else -1, UUID(hex=file))
    except ValueError:
        raise Invalid.about(name, WRONG_PLACE) from None
    if not 0 <= place.message_id <= MAX_BIGINT or len(file) != 32:
        raise Invalid.about(name, WRONG_PLACE)
    return place


def page(
    room: Room,
    limit: int,
    start: Place | None = None,
    kind: str = "",
    sender: str = "",
    *,
    forward: bool = False,
) -> FilePage:
    """Return files of a room that the caller has authorised: the newest before `start`, or `forward` the oldest after it.
    Two queries, three at most."""
    many = MAX_LOOKED_AT if kind or sender else LOOKED_AT_PER_FILE * limit
    near = attached(room, start, forward)[:many]
    found = File.objects.filter(pk__in=near.values("pk"), message__deleted_at=None, message__hidden_at=None)
    if kind:
        found = found.filter(blob__kind=kind)
    if sender:
        found = found.filter(owner__username=sender) if USERNAME.fullmatch(sender) else File.objects.none()
    in_turn = found.select_related("blob", "owner", "message").order_by(*order_of(forward))
    files = list(in_turn[: limit + 1])
    if len(files) > limit:
        return FilePage(in_order(files[:limit], forward), place_of(files[limit - 1]))
    return FilePage(in_order(files, forward), last_of(near, many))


def attached(room: Room, start: Place | None, forward: bool) -> QuerySet[File]:
    """Return the room's files in their order, by the index `file_of_room`."""
    found = File.objects.kept().filter(room=room, message__isnull=False)
    if start is not None:
        way = "gt" if forward else "lt"
        # The first condition is the index's, the second sorts out what is left.
        found = found.filter(**{f"message__{way}e": start.message_id}).filter(
            Q(**{f"message__{way}": start.message_id}) | Q(**{f"pk__{way}": start.file_id})
        )
    return found.order_by(*order_of(forward))


def order_of(forward: bool) -> tuple[str, str]:
    return ("message", "pk") if forward else ("-message", "-pk")


def in_order(files: list[File], forward: bool) -> list[File]:
    """Return files of one page, those of a message in its own order."""
    order: dict[str, int] = {}
    for file in files:
        shown = file.message.files if file.message else None
        order |= {each["id"]: place for place, each in enumerate(shown or [])}
    sign = 1 if forward else -1
    return sorted(files, key=lambda file: (sign * (file.message_id or 0), order.get(str(file.pk), 0)))


def last_of(near: QuerySet[File], many: int) -> Place | None:
    """Return the last of so many files that were looked at; None if there are fewer."""
    last = near.values_list("message_id", "pk")[many - 1 : many]
    return next((Place(*one) for one in last), None)


def place_of(file: File) -> Place:
    return Place(file.message_id or 0, file.pk)


def room_file_payload(file: File) -> Payload:
    """Return a file with the message that carries it, and who sent it."""
    sender = user_brief(file.owner) if file.owner else None
    return {**file_payload(file), "message": file.message_id, "sender": sender}


def room_file_payloads(files: Sequence[File]) -> list[Payload]:
    return [room_file_payload(file) for file in files]
