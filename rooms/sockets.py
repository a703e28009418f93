"""Live events of rooms: come in, catch up, go, type, read."""

from functools import partial
from typing import Any

from accounts.authentication import credentials
from chatsite.realtime.delivery import subscriptions
from chatsite.realtime.delivery.connection import Connection
from chatsite.realtime.queues import read_queue
from chatsite.realtime.socketio.routing import Answer, deferred, event, every
from rooms import access
from rooms.joining import join_batch, join_mine
from rooms.log import backfill, log, log_marker
from rooms.membership import membership_recheck
from rooms.presence import typing
from rooms.serializers import (
    JoinSerializer,
    LeaveSerializer,
    ReadSerializer,
    SyncSerializer,
    TypingSerializer,
)
from rooms.unread import read_positions

Data = dict[str, Any]


def join(connection: Connection, data: Data, answer: Answer) -> None:
    """Of one room together with all others who come in now; of all of theirs in turns with those who read."""
    if data.pop("rooms", None):
        join_mine.submit(connection, answer, **data)
        return
    join_batch.submit(join_batch.Join(connection, **data), answer)


def leave(connection: Connection, data: Data) -> None:
    slug = access.room_for(connection.user, data["room"]).slug
    subscriptions.unsubscribe(connection, slug)
    if not any(slug in other.rooms for other in subscriptions.connections(connection.identity.user_id)):
        typing.stop(slug, connection.user)


def sync(connection: Connection, data: Data, answer: Answer) -> None:
    """In turns with all others who read."""
    read_queue.submit(connection.identity.user_id, partial(page, connection, **data), answer)


def page(
    connection: Connection, room: str, after: int, epoch: str | None = None, limit: int = log.PAGE_EVENTS
) -> log.Page:
    with access.reading(credentials.authorise(connection), room) as found:
        return log.read(found, after, epoch, limit)


def type_(connection: Connection, data: Data) -> None:
    slug = access.posting_membership(connection.user, data["room"]).room.slug
    (typing.start if data["typing"] else typing.stop)(slug, connection.user)


def read(connection: Connection, data: Data) -> Data:
    return read_positions.mark_read(connection.user, data["room"], data["seq"])


def disconnected(connection: Connection) -> None:
    """Whoever has no connection left isn't typing."""
    if not subscriptions.connections(connection.identity.user_id):
        typing.stop_everywhere(connection.identity.user_id)


events = [
    deferred("join", join, JoinSerializer),
    event("leave", leave, LeaveSerializer),
    deferred("sync", sync, SyncSerializer),
    event("typing", type_, TypingSerializer),
    event("read", read, ReadSerializer),
]
jobs = [
    every(membership_recheck.HEADS_SECONDS, membership_recheck.send_heads),
    every(backfill.COMPARE_SECONDS, backfill.compare),
    every(log_marker.KEEP_SECONDS, log_marker.keep),
]
