"""Read positions: how far people have read in the rooms' logs.

A position moves forward by what was read, and back where somebody marks messages unread. Each move back increments its
version: a report that was made before, on a device that had not heard of it, names an older one and changes nothing.
"""

from collections.abc import Callable

from django.db.models import F, OuterRef, QuerySet, Subquery, Value

from accounts.models import User
from chatsite.realtime.queues import read_queue
from rooms import access
from rooms.membership import levels, membership_events
from rooms.models import Membership, Room
from rooms.unread import receipts
from rooms.unread.room_counts import counted_memberships

ROOMS_PER_QUERY = 500

# Called with a person's id whenever they have read on, after the write.
on_read: list[Callable[[int], None]] = []


def mark_read(
    user: User, slug: str, seq: int, *, back: bool = False, version: int | None = None
) -> dict[str, int]:
    """Move the read position forward to `seq`, or `back` to it; return `{unread, mentions, read_seq, read_version}` of the
    room. Nothing changes if the position was moved back since `version`, nor by a move in the other direction. Raises
    NotFound and Forbidden."""
    membership = access.membership_for(user, slug)
    place = min(seq, membership.room.head)
    mine = Membership.objects.filter(pk=membership.pk)
    known = mine if version is None else mine.filter(read_version__lte=version)
    moved = move_back(known, place) if back else move_forward(known, place)
    counted = levels.with_defaults(counted_memberships(mine.select_related("room"))).get()
    if moved:
        membership_events.send_read(counted)
        receipts.note([counted])
        tell_readers(user.pk)
    return position(counted)


def read_position(user: User, slug: str) -> dict[str, int]:
    """Return the position as `mark_read` does. Raises NotFound and Forbidden."""
    mine = Membership.objects.filter(pk=access.membership_for(user, slug).pk)
    return position(counted_memberships(mine).get())


def position(counted: Membership) -> dict[str, int]:
    """Return what the person's own clients are told of a position."""
    return {
        "unread": counted.unread,  # type: ignore[attr-defined]
        "mentions": counted.mentions,  # type: ignore[attr-defined]
        "read_seq": counted.read_seq,
        "read_version": counted.read_version,
    }


def move_forward(mine: QuerySet[Membership], place: int) -> int:
    """Move the position up to `place`, and what was seen with it; return whether it was before."""
    return mine.filter(read_seq__lt=place).update(read_seq=place, **receipts.seen_up_to(Value(place)))


def move_back(mine: QuerySet[Membership], place: int) -> int:
    """Move the position down to `place`; return whether it was beyond. What was seen stays so."""
    return mine.filter(read_seq__gt=place).update(read_seq=place, read_version=F("read_version") + 1)


def mark_all_read(user: User) -> None:
    """Move all read positions to the heads, in parts with others' turns in between."""
    last = 0
    while part := behind(user, last):
        last = part[-1].pk
        heads = Subquery(Room.objects.filter(pk=OuterRef("room_id")).values("head"))
        Membership.objects.filter(pk__in=[one.pk for one in part]).update(
            read_seq=heads, **receipts.seen_up_to(heads)
        )
        for one in part:
            one.read_seq = one.room.head
            one.unread = one.mentions = 0  # type: ignore[attr-defined]
            membership_events.send_counts(one)
        receipts.note(part)
        read_queue.give_way()
    tell_readers(user.pk)


def tell_readers(user_id: int) -> None:
    """Call the hooks of a person who has read."""
    for hook in on_read:
        hook(user_id)


def behind(user: User, last: int) -> list[Membership]:
    """Return the next memberships with unread events, in the order of ids."""
    mine = Membership.objects.filter(user=user, read_seq__lt=F("room__head"), pk__gt=last)
    mine = levels.with_defaults(mine.select_related("room"))
    return list(mine.order_by("pk")[:ROOMS_PER_QUERY])
