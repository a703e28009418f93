"""Socket events of rooms: `join`, `leave`, `sync`, `typing`, `read`; and periodic jobs."""

from functools import partial
from typing import Any

from accounts.authentication import credentials
from accounts.models import Availability
from chatsite.realtime.delivery import subscriptions
from chatsite.realtime.delivery.connection import Connection
from chatsite.realtime.queues import read_queue
from chatsite.realtime.socketio.routing import Answer, deferred, event, every
from rooms import access, services
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
from rooms.unread import marks, receipts

Data = dict[str, Any]


def join(connection: Connection, data: Data, answer: Answer) -> None:
    """Join one room with the next batch, or all of one's rooms by the read queue."""
    if data.pop("rooms", None):
        join_mine.submit(connection, answer, **data)
        return
    join_batch.submit(join_batch.Join(connection, **data), answer)


def leave(connection: Connection, data: Data) -> None:
    """Unsubscribe the connection; typing ends with the person's last subscription of the room."""
    slug = access.room_for(connection.user, data["room"]).slug
    subscriptions.unsubscribe(connection, slug)
    if not any(slug in other.rooms for other in subscriptions.connections(connection.identity.user_id)):
        typing.stop(slug, connection.user)


def sync(connection: Connection, data: Data, answer: Answer) -> None:
    """Return a page of the log, or the marks of what is shown beside it, by the read queue."""
    read = marks_now if data.pop("rooms", None) else page
    read_queue.submit(connection.identity.user_id, partial(read, connection, **data), answer)


def marks_now(connection: Connection, room: str = "") -> Data:
    """Authorise and read the person's marks."""
    return {"marks": marks.marks_of(credentials.authorise(connection).pk, room)}


def page(
    connection: Connection, room: str, after: int, epoch: str | None = None, limit: int = log.PAGE_EVENTS
) -> log.Page:
    """Authorise and read a page of the log."""
    with access.reading(credentials.authorise(connection), room) as found:
        return log.read(found, after, epoch, limit)


def type_(connection: Connection, data: Data) -> None:
    """Start or stop typing. The typing of who is invisible isn't told."""
    slug = access.posting_membership(connection.user, data["room"]).room.slug
    shown = connection.user.chosen_availability != Availability.INVISIBLE
    (typing.start if data["typing"] and shown else typing.stop)(slug, connection.user)


def read(connection: Connection, data: Data) -> Data:
    """Mark the room as read up to a seq, or as unread after it."""
    return services.mark_read(connection.user, data.pop("room"), **data)


def disconnected(connection: Connection) -> None:
    """End the typing of a person without further connections."""
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
    every(receipts.REVEAL_SECONDS, receipts.reveal),
]
