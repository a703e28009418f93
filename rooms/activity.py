"""`room-activity`: what a member hears of a room that none of their connections' logs is following."""

from collections.abc import Collection, Iterable
from time import monotonic
from typing import Any

from django.db import DatabaseError, InterfaceError
from django.db.models import QuerySet

from chatsite import sql
from chatsite.realtime import delivery, listeners, others
from chatsite.realtime.timers import Timer
from rooms.models import Membership
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
