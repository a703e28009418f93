"""`room-activity`: counts for members' connections that have not joined the room."""

from collections.abc import Collection, Iterable
from typing import Any

from chatsite.database.chunks import chunked
from chatsite.realtime.delivery import delivery, peers, subscriptions
from chatsite.realtime.scheduling.debouncer import Debouncer
from rooms.models import Membership
from rooms.unread import members_elsewhere
from rooms.unread.room_counts import Counts, counts_of

# Seconds of collecting: a busy room costs no more than a calm one.
GATHER_SECONDS = 0.1
# Least pause in multiples of a flush's duration: it takes at most a tenth of the time.
REST_FACTOR = 9
MEMBERSHIPS_PER_QUERY = 500

# Rooms with news of this process that other processes haven't been told.
unannounced: set[str] = set()
# Rooms named in one word to other processes.
SLUGS_PER_WORD = 500


def touch(*slugs: str) -> None:
    """Report a change in these rooms to this and all other processes."""
    if subscriptions.anybody() or peers.site.there:
        unannounced.update(slugs)
        enqueue(slugs)


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
    """Send for the collected rooms, in every process. As many queries for a hundred rooms as for one."""
    notify_processes()
    send_for_rooms(slugs)


# Slugs of rooms with news.
touched = Debouncer[str, None]("room activity", send_everywhere, gather=GATHER_SECONDS, rest=REST_FACTOR)


def send_for_rooms(slugs: Collection[str]) -> None:
    """Send to members who have a connection here that has not joined the room."""
    if not subscriptions.anybody():
        return
    for some in chunked(members_elsewhere.find(slugs), MEMBERSHIPS_PER_QUERY):
        for counts in counts_of(some):
            send(counts)


def send(counts: Counts) -> None:
    """Send one membership's counts to the member's connections that have not joined the room."""
    data = activity_of(counts)
    delivery.to_user(counts.user_id, "room-activity", data, unless_joined=counts.slug, droppable=True)


def counts_in(membership: Membership) -> Counts:
    """Return the counts of a membership of `counted_memberships`."""
    room = membership.room
    return Counts(
        membership.user_id,
        room.slug,
        room.head,
        membership.unread,  # type: ignore[attr-defined]
        membership.mentions,  # type: ignore[attr-defined]
    )


def activity_of(counts: Counts) -> dict[str, Any]:
    """Return the event's data."""
    return {"room": counts.slug, "head": counts.head, "unread": counts.unread, "mentions": counts.mentions}
