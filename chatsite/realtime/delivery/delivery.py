"""The only way events leave: services call these functions after their commit.

Everything here is in memory, cheap where nobody is connected, and never raises: a failed delivery must not
fail the committed request. Clients get what they missed by `sync`. What concerns other processes goes to
`peers.site`, which never waits. `slug` is a room's, `event` a name of the contract, `data` its payload,
`frame` one websocket frame.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from functools import partial, wraps
from typing import Any, ParamSpec

from chatsite.observability.metrics.counters import deliveries
from chatsite.realtime.delivery import peers, subscriptions
from chatsite.realtime.delivery.connection import Connection
from chatsite.realtime.protocol import packets
from chatsite.realtime.protocol.frames import payload_of
from chatsite.realtime.scheduling.flush_scheduler import flush_scheduler

logger = logging.getLogger("chatsite.realtime")
P = ParamSpec("P")


def never_raises(function: Callable[P, None]) -> Callable[P, None]:
    """Log what the function raises, and return."""

    @wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            function(*args, **kwargs)
        except Exception:
            logger.exception("%s failed", function.__name__)

    return guarded


def pace(storing: Callable[[], bool]) -> None:
    """Set `storing()`, which says whether more is about to be delivered: sockets of a crowd are then flushed
    a little later, once for all messages."""
    flush_scheduler.storing = storing


def hold(slugs: Collection[str]) -> Callable[[], None]:
    """Announce that events of these rooms are being stored, until the returned function is called. What comes for them from
    other processes waits until then, a few milliseconds at most, so that a socket is flushed once for both."""
    peers.site.hold(slugs)
    return partial(peers.site.release, slugs)


@contextmanager
def soon(slugs: Collection[str]) -> Iterator[None]:
    """Hold the rooms for a block."""
    release = hold(slugs)
    try:
        yield
    finally:
        release()


@never_raises
def to_log(slug: str, event: str, data: Any, seq: int) -> None:
    """Deliver a durable event to all connections that joined the room, in all processes, in the order of
    `seq`."""
    receivers = subscriptions.count(slug)
    if not receivers and not peers.site.there:
        return
    frame = packets.event(event, data)
    log_here(slug, seq, event, frame, receivers)
    if peers.site.there:
        peers.site.to_log(slug, payload_of(frame), seq)


@never_raises
def from_log(slug: str, event: str, data: Any, seq: int) -> None:
    """Deliver a durable event that this process missed and has read from the log. Does nothing unless it is
    the next in the room's order: it came meanwhile."""
    if subscriptions.sequencer.last(slug) == seq - 1:
        log_here(slug, seq, event, packets.event(event, data))


def log_from_elsewhere(slug: str, seq: int, event: str, frame: bytes) -> None:
    """Deliver a durable event that another process has sent."""
    flush_scheduler.note_remote_event()
    log_here(slug, seq, event, frame)


def log_here(slug: str, seq: int, event: str, frame: bytes, receivers: int | None = None) -> None:
    """Deliver a durable event to the connections of this process, in the order of `seq`. `receivers` is how many they are,
    where the caller has counted them."""
    if receivers is None:
        receivers = subscriptions.count(slug)
    if receivers:
        deliveries[event] += receivers
        subscriptions.sequencer.admit(slug, seq, frame)


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
    """Deliver a passing event to all connections that joined the room, in this process or `everywhere`, but
    for those of `skip_user` (an id). A `droppable` event may be left out for a slow reader."""
    if not subscriptions.is_joined(slug) and not (everywhere and peers.site.there):
        return
    frame = packets.event(event, data)
    room_here(slug, event, frame, skip_user, droppable)
    if everywhere and peers.site.there:
        peers.site.to_room(slug, payload_of(frame), skip_user)


def room_here(slug: str, event: str, frame: bytes, skip_user: int | None, droppable: bool) -> None:
    """Deliver a passing event to the connections of this process."""
    skip = (
        []
        if skip_user is None
        else [each for each in subscriptions.connections(skip_user) if slug in each.rooms]
    )
    deliveries[event] += subscriptions.count(slug) - len(skip)
    subscriptions.push_to_room(slug, frame, skip, droppable)


@never_raises
def to_user(
    user_id: int,
    event: str,
    data: Any,
    *,
    unless_joined: str | None = None,
    droppable: bool = False,
) -> None:
    """Deliver to all connections of the user in this process; with `unless_joined`, but for those that joined
    that room."""
    receivers = subscriptions.connections(user_id)
    if unless_joined is not None:
        receivers = [connection for connection in receivers if unless_joined not in connection.rooms]
    _send(receivers, event, data, droppable)


def user_here(user_id: int, event: str, frame: bytes, unless_joined: str | None = None) -> None:
    """Deliver another process's event to the user's connections in this one. Droppable."""
    receivers = subscriptions.connections(user_id)
    if unless_joined is not None:
        receivers = [connection for connection in receivers if unless_joined not in connection.rooms]
    _push(receivers, event, frame, True)


@never_raises
def to_user_elsewhere(user_id: int, event: str, data: Any) -> None:
    """Deliver to the user's connections in other processes; an event of Reach.ELSEWHERE but to those that joined the
    room which `data` names. Droppable."""
    if peers.site.there:
        peers.site.to_user(user_id, payload_of(packets.event(event, data)))


@never_raises
def notify_processes(word: str, *parts: Any) -> None:
    """Send a message to the other processes; `peers.register` names its handler there."""
    peers.site.notify(word, *parts)


@never_raises
def to_users(user_ids: Iterable[int], event: str, data: Any, *, droppable: bool = False) -> None:
    """Deliver to all connections of these users (ids) in this process."""
    _send(
        [connection for user_id in user_ids for connection in subscriptions.connections(user_id)],
        event,
        data,
        droppable,
    )


@never_raises
def piggyback(connections: Iterable[Connection], event: str, data: Any) -> None:
    """Send to each connection with whatever is sent to it next, within a ping's interval: for events that
    aren't worth a send of their own. A slow reader may miss it."""
    frame = packets.event(event, data)
    for connection in connections:
        if not connection.closed:
            deliveries[event] += 1
            connection.channel.piggyback(frame)


@never_raises
def to_connections(connections: Iterable[Connection], event: str, data: Any) -> None:
    """Send to these connections now. Not droppable: nothing would tell a reader that it missed the event."""
    _send([connection for connection in connections if not connection.closed], event, data, False)


def _send(receivers: Collection[Connection], event: str, data: Any, droppable: bool) -> None:
    if receivers:
        _push(receivers, event, packets.event(event, data), droppable)


def _push(receivers: Collection[Connection], event: str, frame: bytes, droppable: bool) -> None:
    deliveries[event] += len(receivers)
    for connection in receivers:
        connection.channel.push(frame, droppable)
