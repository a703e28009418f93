"""Calls of everybody in a room, by `@room` and `@here`: who may make them."""

from collections.abc import Iterable

from django.db.models import Count, OuterRef, Subquery

from rooms.models import MODERATING, Membership, Room

# Members up to whom everybody may call the room, where nothing else is set; pages ask before a call of more people.
MAX_SMALL_ROOM = 20


def may_call(role: str, callers: str, size: int) -> bool:
    """Return whether a member of this role may call a room of this size."""
    if role in MODERATING or callers == Room.Callers.MEMBERS:
        return True
    return callers == Room.Callers.BY_SIZE and size <= MAX_SMALL_ROOM


def callers_among(pairs: Iterable[tuple[int, int]]) -> set[tuple[int, int]]:
    """Return those of these (room id, user id) who may call the room. One query."""
    wanted = set(pairs)
    members = Membership.objects.filter(room=OuterRef("room")).order_by().values("room")
    found = Membership.objects.filter(
        room__in={room for room, _ in wanted}, user__in={user for _, user in wanted}
    ).annotate(size=Subquery(members.annotate(n=Count("pk")).values("n")))
    rows = found.values_list("room_id", "user_id", "role", "room__callers", "size")
    return {(room, user) for room, user, *rest in rows if (room, user) in wanted and may_call(*rest)}
