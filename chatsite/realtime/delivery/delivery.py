"""The only way events leave: services call these after their commit.

Everything here is in memory, cheap where nobody is connected, and never raises: a delivery that fails must not fail
the request that is already committed. Clients get what they missed by `sync`. What concerns other processes too is
handed to `others`, which never waits.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec

from chatsite.observability.metrics.counters import deliveries
from chatsite.realtime.delivery import peers, subscriptions
from chatsite.realtime.delivery.connection import Connection
from chatsite.realtime.protocol import encoder
from chatsite.realtime.protocol.frames import payload_of
from chatsite.realtime.scheduling.flush_scheduler import outgoing

logger = logging.getLogger("chatsite.realtime")
P = ParamSpec("P")


def never_raises(function: Callable[P, None]) -> Callable[P, None]:
    @wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            function(*args, **kwargs)
        except Exception:
            logger.exception("%s failed", function.__name__)

    return guarded


def pace(storing: Callable[[], bool]) -> None:
    """`storing()` says whether more is about to be delivered: a crowd is then written to a little later, for all at once."""
    outgoing.storing = storing


@contextmanager
def soon(slugs: Collection[str]) -> Iterator[None]:
    """While events of these rooms are being stored: what comes for them from other processes waits for that, a few
    milliseconds at most, so that a socket is written to once for both."""
    peers.site.hold(slugs)
    try:
        yield
    finally:
        peers.site.release(slugs)


@never_raises
def to_log(slug: str, event: str, data: Any, seq: int) -> None:
    """A durable event, to every connection that has joined the room, in any process: in the order of the log."""
    if not subscriptions.is_joined(slug) and not peers.site.there:
        return
    frame = encoder.event(event, data)
    log_here(slug, seq, event, frame)
    if peers.site.there:
        peers.site.to_log(slug, payload_of(frame), seq)


@never_raises
def from_log(slug: str, event: str, data: Any, seq: int) -> None:
    """A durable event that was to be heard from another process and wasn't: read from the log, for those here. The next
    in the room's order, or it came meanwhile."""
    if subscriptions.order.last(slug) == seq - 1:
        log_here(slug, seq, event, encoder.event(event, data))


def log_from_elsewhere(slug: str, seq: int, event: str, frame: bytes) -> None:
    """A durable event that another process sent."""
    outgoing.hear()
    log_here(slug, seq, event, frame)


def log_here(slug: str, seq: int, event: str, frame: bytes) -> None:
    receivers = subscriptions.count(slug)
    if receivers:
        deliveries[event] += receivers
        subscriptions.order.admit(slug, seq, frame)


@never_raises
def to_room(
    slug: str,
    event: str,
    data: Any,
    *,
    skip_user: int | None = None,
    droppable: bool = False,
    everywhere: bool = False,
) -> None:
    """To every connection that has joined the room, in this process or `everywhere`; `droppable` where a slow reader may
    miss it."""
    if not subscriptions.is_joined(slug) and not (everywhere and peers.site.there):
        return
    frame = encoder.event(event, data)
    room_here(slug, event, frame, skip_user, droppable)
    if everywhere and peers.site.there:
        peers.site.to_room(slug, payload_of(frame), skip_user)


def room_here(slug: str, event: str, frame: bytes, skip_user: int | None, droppable: bool) -> None:
    receivers = subscriptions.subscribers(slug)
    if skip_user is not None:
        receivers = [connection for connection in receivers if connection.identity.user_id != skip_user]
    _push(receivers, event, frame, droppable)


@never_raises
def to_user(
    user_id: int,
    event: str,
    data: Any,
    *,
    unless_joined: str | None = None,
    droppable: bool = False,
) -> None:
    """To every connection of the user; with `unless_joined`, only to those that haven't joined that room."""
    receivers = subscriptions.connections(user_id)
    if unless_joined is not None:
        receivers = [connection for connection in receivers if unless_joined not in connection.rooms]
    _send(receivers, event, data, droppable)


def user_here(user_id: int, event: str, frame: bytes, unless_joined: str | None = None) -> None:
    receivers = subscriptions.connections(user_id)
    if unless_joined is not None:
        receivers = [connection for connection in receivers if unless_joined not in connection.rooms]
    _push(receivers, event, frame, True)


@never_raises
def to_user_elsewhere(user_id: int, event: str, data: Any) -> None:
    """To the user's connections in other processes; `room-activity` only to those that haven't joined the room which `data`
    names. Droppable."""
    if peers.site.there:
        peers.site.to_user(user_id, payload_of(encoder.event(event, data)))


@never_raises
def tell_others(word: str, *parts: Any) -> None:
    """A word to the other processes. Who should act on it says so by `others.site.hear`."""
    peers.site.tell(word, *parts)


@never_raises
def to_users(user_ids: Iterable[int], event: str, data: Any, *, droppable: bool = False) -> None:
    """To every connection of all these people."""
    _send(
        [connection for user_id in user_ids for connection in subscriptions.connections(user_id)],
        event,
        data,
        droppable,
    )


@never_raises
def leave(connections: Iterable[Connection], event: str, data: Any) -> None:
    """To each with whatever is sent to it next, within a ping's interval: for what isn't worth a send of its own."""
    frame = encoder.event(event, data)
    for connection in connections:
        if not connection.closed:
            deliveries[event] += 1
            connection.channel.leave(frame)


@never_raises
def to_connections(connections: Iterable[Connection], event: str, data: Any) -> None:
    """To each at once. A slow reader mustn't miss it: they wouldn't know that they lack something."""
    _send([connection for connection in connections if not connection.closed], event, data, False)


def _send(receivers: Collection[Connection], event: str, data: Any, droppable: bool) -> None:
    if receivers:
        _push(receivers, event, encoder.event(event, data), droppable)


def _push(receivers: Collection[Connection], event: str, frame: bytes, droppable: bool) -> None:
    deliveries[event] += len(receivers)
    for connection in receivers:
        connection.channel.push(frame, droppable)
