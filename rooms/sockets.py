"""Live events of rooms: come in, catch up, go, type, read."""

from typing import Any

from chatsite.realtime import delivery
from chatsite.realtime.connection import Connection
from chatsite.realtime.routing import Answer, deferred, event, every
from rooms import access, activity, joining, log, typing
from rooms.models import Membership, Room
from rooms.serializers import (
    JoinSerializer,
    LeaveSerializer,
    ReadSerializer,
    SyncSerializer,
    TypingSerializer,
)

Data = dict[str, Any]

# Well under the 20 s that the contract promises for `heads`, and the 5 s for a membership lost elsewhere.
HEADS_SECONDS = 10.0
RECHECK_SECONDS = 5.0


def join(connection: Connection, data: Data, answer: Answer) -> None:
    """Together with all others who come in now."""
    joining.submit(joining.Join(connection, **data), answer)


def leave(connection: Connection, data: Data) -> None:
    slug = access.room_for(connection.user, data["room"]).slug
    delivery.unsubscribe(connection, slug)
    if not any(slug in other.rooms for other in delivery.connections(connection.identity.user_id)):
        typing.stop(slug, connection.user)


def sync(connection: Connection, data: Data) -> Data:
    room = access.room_for(connection.user, data["room"])
    return dict(log.read(room, data["after"], data.get("epoch"), data.get("limit", log.LIMIT)))


def type_(connection: Connection, data: Data) -> None:
    slug = access.posting_membership(connection.user, data["room"]).room.slug
    (typing.start if data["typing"] else typing.stop)(slug, connection.user)


def read(connection: Connection, data: Data) -> Data:
    return activity.mark_read(connection.user, data["room"], data["seq"])


def disconnected(connection: Connection) -> None:
    """Whoever has no connection left isn't typing."""
    if not delivery.connections(connection.identity.user_id):
        typing.stop_everywhere(connection.identity.user_id)


def send_heads() -> None:
    """Whoever missed an event learns of it here, and asks for it."""
    joined = {slug for connection in delivery.all_connections() for slug in connection.rooms}
    heads = dict(Room.objects.filter(slug__in=joined).values_list("slug", "head"))
    for connection in delivery.all_connections():
        mine = {slug: heads[slug] for slug in connection.rooms if slug in heads}
        if mine:
            delivery.to_connection(connection, "heads", mine, droppable=True)


def recheck() -> None:
    """Evict who is subscribed and a member no more, however the membership ended."""
    subscribed = {(c.identity.user_id, slug) for c in delivery.all_connections() for slug in c.rooms}
    if not subscribed:
        return
    slugs = {slug for _, slug in subscribed}
    members = set(Membership.objects.filter(room__slug__in=slugs).values_list("user_id", "room__slug"))
    archived = set(
        Room.objects.filter(slug__in=slugs, archived_at__isnull=False, kind="public").values_list(
            "slug", flat=True
        )
    )
    for user_id, slug in subscribed - members:
        if slug not in archived:
            delivery.evict(user_id, slug)


events = [
    deferred("join", join, JoinSerializer),
    event("leave", leave, LeaveSerializer),
    event("sync", sync, SyncSerializer),
    event("typing", type_, TypingSerializer),
    event("read", read, ReadSerializer),
]
jobs = [every(HEADS_SECONDS, send_heads), every(RECHECK_SECONDS, recheck)]
