"""Fan-out of presence by the size of a room: in a small one everybody is told who comes and goes, in a large one how
many are online.

Otherwise 5,000 people who reconnect after an outage would cause 25,000,000 events.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator

from accounts.presence import presence
from chatsite.database.chunks import chunked
from chatsite.realtime.delivery import delivery, subscriptions
from chatsite.realtime.delivery.connection import Connection
from chatsite.realtime.queues import read_queue
from chatsite.realtime.scheduling.debouncer import Debouncer
from rooms.joining.rosters import Roster, rosters
from rooms.models import Room
from rooms.sql import rooms_of
from rooms.unread.room_counts import count_online

# Seconds between two counts of a large room.
GATHER_SECONDS = 1.0
# Rooms whose members are read in one query: some milliseconds.
ROOMS_PER_QUERY = 200


def audience(user_ids: Iterable[int]) -> dict[int, set[int]]:
    """Return by user id who shares a small room with them. Their large rooms are counted soon."""
    memberships = rooms_of(user_ids)
    members: dict[int, set[int]] = {}
    for roster in rosters_of({room_id for _, room_id in memberships}):
        if roster.members is None:
            count_soon([roster.room.slug])
        else:
            members[roster.room.id] = {member.id for member in roster.members}
    listeners: dict[int, set[int]] = defaultdict(set)
    for user_id, room_id in memberships:
        listeners[user_id] |= members.get(room_id, set())
    return listeners


def connections_sharing(user_ids: Collection[int]) -> dict[int, list[Connection]]:
    """Return by user id the connections here of everybody who shares a small room with them, of subscribers of their
    large rooms, and their own."""
    memberships = rooms_of(user_ids)
    listeners = {user_id: set(subscriptions.connections(user_id)) for user_id in user_ids}
    found = rosters_of({room_id for _, room_id in memberships})
    rooms = {roster.room.id: connections_of(roster) for roster in found}
    for user_id, room_id in memberships:
        listeners[user_id] |= rooms.get(room_id, set())
    return {user_id: list(connections) for user_id, connections in listeners.items()}


def connections_of(roster: Roster) -> set[Connection]:
    """Return the connections of a small room's members, or of a large room's subscribers."""
    if roster.members is None:
        return set(subscriptions.subscribers(roster.room.slug))
    return {connection for member in roster.members for connection in subscriptions.connections(member.id)}


def rosters_of(room_ids: Collection[int]) -> Iterator[Roster]:
    """Yield the rosters in parts, with others' turns in between: one person may be in thousands of rooms."""
    for some in chunked(sorted(room_ids), ROOMS_PER_QUERY, read_queue.give_way):
        yield from rosters(some).values()


def count_soon(slugs: Iterable[str]) -> None:
    """Collect large rooms that have subscribers here."""
    counts.note(dict.fromkeys(slug for slug in slugs if subscriptions.subscribers(slug)))


def send_counts(slugs: Collection[str]) -> None:
    """Send `room-online`, the number of members online, to the rooms' subscribers."""
    rooms = list(Room.objects.filter(slug__in=slugs))
    online = count_online([room.pk for room in rooms], presence.online_ids())
    for room in rooms:
        data = {"room": room.slug, "online": online.get(room.pk, 0)}
        delivery.to_room(room.slug, "room-online", data, droppable=True)


# Slugs of large rooms to count.
counts = Debouncer[str, None]("online counts", send_counts, gather=GATHER_SECONDS)
