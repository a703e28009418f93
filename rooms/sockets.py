"""Live events of rooms: come in, catch up, go, type, read."""

from functools import partial
from typing import Any

from accounts import credentials
from chatsite.realtime import listeners, readings
from chatsite.realtime.connection import Connection
from chatsite.realtime.routing import Answer, deferred, event, every
from rooms import access, filling, join_mine, joining, log, log_marker, reading, rechecks, typing
from rooms.serializers import (
    JoinSerializer,
    LeaveSerializer,
    ReadSerializer,
    SyncSerializer,
    TypingSerializer,
)

Data = dict[str, Any]


def join(connection: Connection, data: Data, answer: Answer) -> None:
    """Of one room together with all others who come in now; of all of theirs in turns with those who read."""
    if data.pop("rooms", None):
        join_mine.submit(connection, answer, **data)
        return
    joining.submit(joining.Join(connection, **data), answer)


def leave(connection: Connection, data: Data) -> None:
    slug = access.room_for(connection.user, data["room"]).slug
    listeners.unsubscribe(connection, slug)
    if not any(slug in other.rooms for other in listeners.connections(connection.identity.user_id)):
        typing.stop(slug, connection.user)


def sync(connection: Connection, data: Data, answer: Answer) -> None:
    """In turns with all others who read."""
    readings.submit(connection.identity.user_id, partial(page, connection, **data), answer)


def page(
    connection: Connection, room: str, after: int, epoch: str | None = None, limit: int = log.LIMIT
) -> log.Page:
    with access.reading(credentials.authorise(connection), room) as found:
        return log.read(found, after, epoch, limit)


def type_(connection: Connection, data: Data) -> None:
    slug = access.posting_membership(connection.user, data["room"]).room.slug
    (typing.start if data["typing"] else typing.stop)(slug, connection.user)


def read(connection: Connection, data: Data) -> Data:
    return reading.mark_read(connection.user, data["room"], data["seq"])


def disconnected(connection: Connection) -> None:
    """Whoever has no connection left isn't typing."""
    if not listeners.connections(connection.identity.user_id):
        typing.stop_everywhere(connection.identity.user_id)


events = [
    deferred("join", join, JoinSerializer),
    event("leave", leave, LeaveSerializer),
    deferred("sync", sync, SyncSerializer),
    event("typing", type_, TypingSerializer),
    event("read", read, ReadSerializer),
]
jobs = [
    every(rechecks.HEADS_SECONDS, rechecks.send_heads),
    every(filling.COMPARE_SECONDS, filling.compare),
    every(log_marker.KEEP_SECONDS, log_marker.keep),
]
