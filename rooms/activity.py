"""`room-activity`: what a member hears of a room that none of their connections' logs is following."""

from collections.abc import Collection, Iterable
from time import monotonic
from typing import Any

from django.db import DatabaseError, InterfaceError
from django.db.models import F, OuterRef, QuerySet, Subquery

from accounts import presence
from accounts.models import User
from chatsite import sql
from chatsite.realtime import delivery, listeners, others, readings
from chatsite.realtime.timers import Timer
from rooms import access
from rooms.models import Membership, Room
from rooms.queries import counted_memberships

# One count for all that is said within a tenth of a second: a busy room costs the same as a calm one.
GATHER_SECONDS = 0.1
# Where the counting takes long, so many times longer is gathered: it takes no more than a tenth of the time.
REST = 9
# Seconds; a database that was away for a minute isn't a reason to say nothing for ten. And until one that could not
# answer is asked again.
LONGEST_PAUSE, AGAIN = 5.0, 1.0
# So many rows are named in one query.
BULK = 500

MEMBERS = """
    SELECT m.id, m.user_id, r.slug FROM {slugs}
    JOIN rooms_room r ON r.slug = given.slug JOIN rooms_membership m ON m.room_id = r.id"""

waiting: set[str] = set()
# Those of them in which it happened in this process.
ours: set[str] = set()
# So many rooms are named to other processes in one word.
NAMED = 500
pause = GATHER_SECONDS


def touch(slug: str) -> None:
    """Something was said, changed or taken back in the room."""
    if listeners.anybody() or others.site.there:
        ours.add(slug)
        note([slug])


def note(slugs: Iterable[str]) -> None:
    if not waiting:
        Timer(pause, tell_all)
    waiting.update(slugs)


def touched_elsewhere(slugs: list[str]) -> None:
    if listeners.anybody():
        note(slugs)


others.hear("touched", touched_elsewhere, list)


def tell_others() -> None:
    slugs = sorted(ours)
    ours.clear()
    for start in range(0, len(slugs), NAMED):
        delivery.tell_others("touched", slugs[start : start + NAMED])


def tell_all() -> None:
    """Of all rooms in which something happened, to all who are elsewhere: two queries for a hundred rooms as for one."""
    global pause  # noqa: PLW0603
    began = monotonic()
    slugs = set(waiting)
    waiting.clear()
    tell_others()
    try:
        tell_of(slugs)
    except (DatabaseError, InterfaceError):
        # Once more, and then ever later: each time is a line in the log.
        pause = min(LONGEST_PAUSE, max(AGAIN, 2 * pause))
        note(slugs)
        raise
    pause = min(LONGEST_PAUSE, max(GATHER_SECONDS, REST * (monotonic() - began)))


def tell_of(slugs: Collection[str]) -> None:
    if not listeners.anybody():
        return
    members = sql.run(
        MEMBERS.format(slugs=sql.rows_in(slug="text")), sql.packed({"slug": slug} for slug in slugs)
    )
    elsewhere = [pk for pk, user_id, slug in members if is_elsewhere(user_id, slug)]
    for start in range(0, len(elsewhere), BULK):
        tell(Membership.objects.filter(pk__in=elsewhere[start : start + BULK]))


def is_elsewhere(user_id: int, slug: str) -> bool:
    return any(slug not in connection.rooms for connection in listeners.connections(user_id))


def tell_some(slug: str, user_ids: Iterable[int]) -> None:
    """Of what they have read, in this process and in others."""
    away = [pk for pk in user_ids if is_elsewhere(pk, slug) or presence.is_elsewhere(pk)]
    if not away:
        return
    theirs = Membership.objects.filter(room__slug=slug, user__in=away)
    for membership in counted_memberships(theirs.select_related("room")):
        tell_member(membership)
        delivery.to_user_elsewhere(membership.user_id, "room-activity", activity_of(membership))


def tell(memberships: QuerySet[Membership]) -> None:
    """The counts as they are now, to these members' connections that have not joined the room."""
    for membership in counted_memberships(memberships.select_related("room")):
        tell_member(membership)


def tell_member(membership: Membership) -> None:
    slug = membership.room.slug
    delivery.to_user(
        membership.user_id, "room-activity", activity_of(membership), unless_joined=slug, droppable=True
    )


def activity_of(membership: Membership) -> dict[str, Any]:
    return {
        "room": membership.room.slug,
        "head": membership.room.head,
        "unread": membership.unread,  # type: ignore[attr-defined]
        "mentions": membership.mentions,  # type: ignore[attr-defined]
    }


def mark_read(user: User, slug: str, seq: int) -> dict[str, int]:
    """Everything up to `seq` is read; a read position never goes back. `{"unread", "mentions"}` of the room."""
    membership = access.membership_for(user, slug)
    place = min(seq, membership.room.head)
    mine = Membership.objects.filter(pk=membership.pk)
    moved = mine.filter(read_seq__lt=place).update(read_seq=place)
    if moved:
        tell_some(slug, [user.pk])
    counted = counted_memberships(mine).get()
    return {"unread": counted.unread, "mentions": counted.mentions}  # type: ignore[attr-defined]


def mark_all_read(user: User) -> None:
    """In all of their rooms, some at a time with others in between."""
    last = 0
    while part := behind(user, last):
        last = part[-1].pk
        heads = Room.objects.filter(pk=OuterRef("room_id")).values("head")
        Membership.objects.filter(pk__in=[one.pk for one in part]).update(read_seq=Subquery(heads))
        for one in part:
            tell_read(one)
        readings.give_way()


def behind(user: User, last: int) -> list[Membership]:
    mine = Membership.objects.filter(user=user, read_seq__lt=F("room__head"), pk__gt=last)
    return list(mine.select_related("room").order_by("pk")[:BULK])


def tell_read(membership: Membership) -> None:
    """That nothing is left, in this process and in others."""
    activity = {"room": membership.room.slug, "head": membership.room.head, "unread": 0, "mentions": 0}
    user_id, slug = membership.user_id, membership.room.slug
    delivery.to_user(user_id, "room-activity", activity, unless_joined=slug, droppable=True)
    if presence.is_elsewhere(user_id):
        delivery.to_user_elsewhere(user_id, "room-activity", activity)
