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
REST_FACTOR = 9
# So many rows are named in one query.
MEMBERSHIPS_PER_QUERY = 500

MEMBERS = """
    SELECT m.id, m.user_id, r.slug FROM {slugs}
    JOIN rooms_room r ON r.slug = given.slug JOIN rooms_membership m ON m.room_id = r.id"""

# Rooms in which something happened in this process, of which others haven't been told.
unannounced: set[str] = set()
# So many rooms are named to other processes in one word.
SLUGS_PER_WORD = 500


def touch(slug: str) -> None:
    """Something was said, changed or taken back in the room."""
    if subscriptions.anybody() or peers.site.there:
        unannounced.add(slug)
        enqueue([slug])


def enqueue(slugs: Iterable[str]) -> None:
    touched.note(dict.fromkeys(slugs))


def touched_elsewhere(slugs: list[str]) -> None:
    if subscriptions.anybody():
        enqueue(slugs)


peers.hear("touched", touched_elsewhere, list)


def notify_processes() -> None:
    slugs = sorted(unannounced)
    unannounced.clear()
    for some in chunked(slugs, SLUGS_PER_WORD):
        delivery.tell_others("touched", some)


def send_everywhere(slugs: Collection[str]) -> None:
    """Of all rooms in which something happened, to all who are member_ids: two queries for a hundred rooms as for one."""
    notify_processes()
    send_for_rooms(slugs)


# Slugs of rooms in which something happened.
touched = Debouncer[str, None]("room activity", send_everywhere, gather=GATHER_SECONDS, rest=REST_FACTOR)


def send_for_rooms(slugs: Collection[str]) -> None:
    if not subscriptions.anybody():
        return
    members = sql.run(
        MEMBERS.format(slugs=sql.rows_in(slug="text")), sql.packed({"slug": slug} for slug in slugs)
    )
    member_ids = [pk for pk, user_id, slug in members if hears_elsewhere(user_id, slug)]
    for some in chunked(member_ids, MEMBERSHIPS_PER_QUERY):
        send(Membership.objects.filter(pk__in=some))


def hears_elsewhere(user_id: int, slug: str) -> bool:
    return any(slug not in connection.rooms for connection in subscriptions.connections(user_id))


def send(memberships: QuerySet[Membership]) -> None:
    """The counts as they are now, to these members' connections that have not joined the room."""
    for membership in counted_memberships(memberships.select_related("room")):
        send_to_member(membership)


def send_to_member(membership: Membership) -> None:
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
