"""Presence by the size of a room: in a small one everyone hears who comes and goes, in a large one only how many are here.

Otherwise 5,000 people who come back after an outage would be told of each other 25,000,000 times.
"""

from collections import defaultdict
from collections.abc import Iterable

from django.conf import settings
from django.db.models import Count

from accounts import presence
from chatsite.realtime import delivery
from chatsite.realtime.timers import Timer
from rooms.models import Membership, Room
from rooms.queries import count_online

# Seconds between two counts of a large room.
GATHER = 1.0

waiting: set[str] = set()


def audience(user_ids: Iterable[int]) -> dict[int, set[int]]:
    """For each of these people, who shares a small room with them. The large ones among their rooms are counted anew."""
    mine = list(Membership.objects.filter(user__in=list(user_ids)).values_list("user_id", "room_id"))
    rooms = Room.objects.filter(pk__in={room_id for _, room_id in mine}).annotate(size=Count("memberships"))
    sizes = {pk: (slug, size) for pk, slug, size in rooms.values_list("pk", "slug", "size")}
    small = {pk for pk, (_, size) in sizes.items() if size <= settings.PRESENCE_ROOM_SIZE}
    count_soon(slug for pk, (slug, _) in sizes.items() if pk not in small)
    members: dict[int, set[int]] = defaultdict(set)
    for user_id, room_id in Membership.objects.filter(room__in=small).values_list("user_id", "room_id"):
        members[room_id].add(user_id)
    heard: dict[int, set[int]] = defaultdict(set)
    for user_id, room_id in mine:
        heard[user_id] |= members.get(room_id, set())
    return heard


def count_soon(slugs: Iterable[str]) -> None:
    idle = not waiting
    waiting.update(slug for slug in slugs if delivery.subscribers(slug))
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
