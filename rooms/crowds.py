"""Presence by the size of a room: in a small one everyone hears who comes and goes, in a large one only how many are here.

Otherwise 5,000 people who come back after an outage would be told of each other 25,000,000 times.
"""

from collections import defaultdict
from collections.abc import Iterable

from accounts import presence
from chatsite.realtime import delivery, listeners, readings
from chatsite.realtime.timers import Timer
from rooms.models import Room
from rooms.queries import count_online
from rooms.rosters import rosters
from rooms.statements import rooms_of

# Seconds between two counts of a large room.
GATHER = 1.0
# Rooms whose members are read at once: some milliseconds.
PART = 200

waiting: set[str] = set()


def audience(user_ids: Iterable[int]) -> dict[int, set[int]]:
    """For each of these people, who shares a small room with them. The large ones among their rooms are counted anew."""
    mine = rooms_of(user_ids)
    members = members_of(sorted({room_id for _, room_id in mine}))
    heard: dict[int, set[int]] = defaultdict(set)
    for user_id, room_id in mine:
        heard[user_id] |= members.get(room_id, set())
    return heard


def members_of(room_ids: list[int]) -> dict[int, set[int]]:
    """Of the small rooms, some at a time with others in between: one person may be in thousands."""
    members: dict[int, set[int]] = {}
    for start in range(0, len(room_ids), PART):
        if start:
            readings.give_way()
        rooms = rosters(room_ids[start : start + PART]).values()
        count_soon(room.slug for room in rooms if room.members is None)
        members |= {room.id: {member.id for member in room.members} for room in rooms if room.members}
    return members


def count_soon(slugs: Iterable[str]) -> None:
    idle = not waiting
    waiting.update(slug for slug in slugs if listeners.subscribers(slug))
    if idle and waiting:
        Timer(GATHER, tell_counts)


def tell_counts() -> None:
    """`room-online` to those who have joined: how many of its members are here."""
    slugs = set(waiting)
    waiting.clear()
    rooms = list(Room.objects.filter(slug__in=slugs))
    counts = count_online([room.pk for room in rooms], presence.online_ids())
    for room in rooms:
        data = {"room": room.slug, "online": counts.get(room.pk, 0)}
        delivery.to_room(room.slug, "room-online", data, droppable=True)
