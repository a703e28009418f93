"""Read positions: how far people have read in the rooms' logs."""

from collections.abc import Callable

from django.db.models import F, OuterRef, Subquery

from accounts.models import User
from chatsite.realtime.queues import read_queue
from rooms import access
from rooms.membership import levels, membership_events
from rooms.models import Membership, Room
from rooms.unread.room_counts import counted_memberships

ROOMS_PER_QUERY = 500

# Called with a person's id whenever they have read on, after the write.
on_read: list[Callable[[int], None]] = []


def mark_read(user: User, slug: str, seq: int) -> dict[str, int]:
    """Move the read position to `seq`, never back; return `{unread, mentions}` of the room. Raises NotFound and
    Forbidden."""
    membership = access.membership_for(user, slug)
    place = min(seq, membership.room.head)
    mine = Membership.objects.filter(pk=membership.pk)
    moved = mine.filter(read_seq__lt=place).update(read_seq=place)
    counted = levels.with_defaults(counted_memberships(mine.select_related("room"))).get()
    if moved:
        membership_events.send_read(counted)
        tell_readers(user.pk)
    return {"unread": counted.unread, "mentions": counted.mentions}  # type: ignore[attr-defined]


def mark_all_read(user: User) -> None:
    """Move all read positions to the heads, in parts with others' turns in between."""
    last = 0
    while part := behind(user, last):
        last = part[-1].pk
        heads = Room.objects.filter(pk=OuterRef("room_id")).values("head")
        Membership.objects.filter(pk__in=[one.pk for one in part]).update(read_seq=Subquery(heads))
        for one in part:
            one.read_seq = one.room.head
            one.unread = one.mentions = 0  # type: ignore[attr-defined]
            membership_events.send_counts(one)
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
