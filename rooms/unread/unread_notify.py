"""`room-activity`: counts for members' connections that have not joined the room."""

from collections.abc import Collection, Iterable
from typing import Any

from django.db.models import QuerySet

from chatsite.database import sql
from chatsite.database.chunks import chunked
from chatsite.realtime.delivery import delivery, peers, subscriptions
from chatsite.realtime.scheduling.debouncer import Debouncer
from rooms.models import Membership
from rooms.unread.room_counts import counted_memberships

# Seconds of collecting: a busy room costs no more than a calm one.
GATHER_SECONDS = 0.1
# Least pause in multiples of a flush's duration: it takes at most a tenth of the time.
REST_FACTOR = 9
MEMBERSHIPS_PER_QUERY = 500

MEMBERS = """
    SELECT m.id, m.user_id, r.slug FROM {slugs}
    JOIN rooms_room r ON r.slug = given.slug JOIN rooms_membership m ON m.room_id = r.id"""

# Rooms with news of this process that other processes haven't been told.
unannounced: set[str] = set()
# Rooms named in one word to other processes.
SLUGS_PER_WORD = 500


def touch(slug: str) -> None:
    """Report a change in the room to this and all other processes."""
    if subscriptions.anybody() or peers.site.there:
        unannounced.add(slug)
        enqueue([slug])


def enqueue(slugs: Iterable[str]) -> None:
    """Collect rooms with news."""
    touched.note(dict.fromkeys(slugs))


def touched_elsewhere(slugs: list[str]) -> None:
    """Collect rooms with news of another process."""
    if subscriptions.anybody():
        enqueue(slugs)


peers.register("touched", touched_elsewhere, list)


def notify_processes() -> None:
    """Tell the other processes the rooms with news."""
    slugs = sorted(unannounced)
    unannounced.clear()
    for some in chunked(slugs, SLUGS_PER_WORD):
        delivery.notify_processes("touched", some)


def send_everywhere(slugs: Collection[str]) -> None:
    """Send for the collected rooms, in every process. Two queries for a hundred rooms as for one."""
    notify_processes()
    send_for_rooms(slugs)


# Slugs of rooms with news.
touched = Debouncer[str, None]("room activity", send_everywhere, gather=GATHER_SECONDS, rest=REST_FACTOR)


def send_for_rooms(slugs: Collection[str]) -> None:
    """Send to members who have a connection here that has not joined the room."""
    if not subscriptions.anybody():
        return
    members = sql.run(
        MEMBERS.format(slugs=sql.rows_in(slug="text")), sql.packed({"slug": slug} for slug in slugs)
    )
    member_ids = [pk for pk, user_id, slug in members if hears_elsewhere(user_id, slug)]
    for some in chunked(member_ids, MEMBERSHIPS_PER_QUERY):
        send(Membership.objects.filter(pk__in=some))


def hears_elsewhere(user_id: int, slug: str) -> bool:
    """Return whether one of the user's connections has not joined the room."""
    return any(slug not in connection.rooms for connection in subscriptions.connections(user_id))


def send(memberships: QuerySet[Membership]) -> None:
    """Send the members' current counts to their connections that have not joined the room."""
    for membership in counted_memberships(memberships.select_related("room")):
        send_to_member(membership)


def send_to_member(membership: Membership) -> None:
    """Send one membership's counts."""
    slug = membership.room.slug
    delivery.to_user(
        membership.user_id, "room-activity", activity_of(membership), unless_joined=slug, droppable=True
    )


def activity_of(membership: Membership) -> dict[str, Any]:
    """Return the event's data."""
    return {
        "room": membership.room.slug,
        "head": membership.room.head,
        "unread": membership.unread,  # type: ignore[attr-defined]
        "mentions": membership.mentions,  # type: ignore[attr-defined]
    }
