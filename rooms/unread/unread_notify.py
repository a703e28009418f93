"""`room-activity`: what a member hears of a room that none of their connections' logs is following."""

from collections.abc import Collection, Iterable
from typing import Any

from django.db.models import QuerySet

from chatsite.database import sql
from chatsite.database.chunks import chunked
from chatsite.realtime.delivery import delivery, peers, subscriptions
from chatsite.realtime.scheduling.debouncer import Debouncer
from rooms.models import Membership
from rooms.unread.room_counts import counted_memberships

# One count for all that is said within a tenth of a second: a busy room costs the same as a calm one.
GATHER_SECONDS = 0.1
# Where the counting takes long, so many times longer is gathered: it takes no more than a tenth of the time.
REST = 9
# So many rows are named in one query.
BULK = 500

MEMBERS = """
    SELECT m.id, m.user_id, r.slug FROM {slugs}
    JOIN rooms_room r ON r.slug = given.slug JOIN rooms_membership m ON m.room_id = r.id"""

# Rooms in which something happened in this process, of which others haven't been told.
ours: set[str] = set()
# So many rooms are named to other processes in one word.
NAMED = 500


def touch(slug: str) -> None:
    """Something was said, changed or taken back in the room."""
    if subscriptions.anybody() or peers.site.there:
        ours.add(slug)
        note([slug])


def note(slugs: Iterable[str]) -> None:
    touched.note(dict.fromkeys(slugs))


def touched_elsewhere(slugs: list[str]) -> None:
    if subscriptions.anybody():
        note(slugs)


peers.register("touched", touched_elsewhere, list)


def tell_others() -> None:
    slugs = sorted(ours)
    ours.clear()
    for some in chunked(slugs, NAMED):
        delivery.notify_processes("touched", some)


def tell_all(slugs: Collection[str]) -> None:
    """Of all rooms in which something happened, to all who are elsewhere: two queries for a hundred rooms as for one."""
    tell_others()
    tell_of(slugs)


# Slugs of rooms in which something happened.
touched = Debouncer[str, None]("room activity", tell_all, gather=GATHER_SECONDS, rest=REST)


def tell_of(slugs: Collection[str]) -> None:
    if not subscriptions.anybody():
        return
    members = sql.run(
        MEMBERS.format(slugs=sql.rows_in(slug="text")), sql.packed({"slug": slug} for slug in slugs)
    )
    elsewhere = [pk for pk, user_id, slug in members if is_elsewhere(user_id, slug)]
    for some in chunked(elsewhere, BULK):
        tell(Membership.objects.filter(pk__in=some))


def is_elsewhere(user_id: int, slug: str) -> bool:
    return any(slug not in connection.rooms for connection in subscriptions.connections(user_id))


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
