"""The only way events leave: services call these after their commit.

Everything here is in memory, cheap where nobody is connected, and never raises: a delivery that fails must not fail
the request that is already committed. Clients get what they missed by `sync`. What concerns other processes too is
handed to `others`, which never waits.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from hashlib import sha256
from typing import Any, ParamSpec
from weakref import WeakValueDictionary

from chatsite.metrics.tallies import deliveries
from chatsite.realtime import wire
from chatsite.realtime.connection import NOWHERE, Connection
from chatsite.realtime.groups import Groups
from chatsite.realtime.order import Gate
from chatsite.realtime.others import Nobody, Others, hear
from chatsite.realtime.outgoing import outgoing
from chatsite.realtime.websocket import payload_of

logger = logging.getLogger("chatsite.realtime")
P = ParamSpec("P")

_rooms: Groups[str, Connection] = Groups()
_users: Groups[int, Connection] = Groups()
# The rooms of all who have joined just that one: nearly everybody, so they share it.
_alone: WeakValueDictionary[str, frozenset[str]] = WeakValueDictionary()
_revoked = [0]
# Set once, before anybody is connected.
others: Others = Nobody()


def never_raises(function: Callable[P, None]) -> Callable[P, None]:
    @wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            function(*args, **kwargs)
        except Exception:
            logger.exception("%s failed", function.__name__)

    return guarded


def attach(connection: Connection) -> None:
    """From now on the connection gets what is sent to its user."""
    user_id = connection.identity.user_id
    if user_id not in _users:
        others.open_user(user_id)
    _users.add(user_id, connection)


def detach(connection: Connection) -> None:
    """The connection is gone: it gets nothing more and can't subscribe again."""
    connection.closed = True
    rooms, connection.rooms = connection.rooms, NOWHERE
    for slug in rooms:
        _leave(slug, connection)
    if _users.discard(connection.identity.user_id, connection):
        others.close_user(connection.identity.user_id)


def subscribe(connection: Connection, slug: str) -> None:
    rooms = connection.rooms
    if connection.closed or slug in rooms:
        return
    if isinstance(rooms, set):
        rooms.add(slug)
    elif rooms:
        connection.rooms = {*rooms, slug}
    else:
        connection.rooms = _alone.get(slug) or _alone.setdefault(slug, frozenset((slug,)))
    if slug not in _rooms:
        others.open_room(slug)
    _rooms.add(slug, connection)


def unsubscribe(connection: Connection, slug: str) -> None:
    rooms = connection.rooms
    if isinstance(rooms, set):
        rooms.discard(slug)
    elif slug in rooms:
        connection.rooms = NOWHERE
    _leave(slug, connection)


def _leave(slug: str, connection: Connection) -> None:
    if _rooms.discard(slug, connection):
        order.forget(slug)
        others.close_room(slug)


def subscribers(slug: str) -> list[Connection]:
    return _rooms.members(slug)


def connections(user_id: int) -> list[Connection]:
    return _users.members(user_id)


def anybody() -> bool:
    """Whether anyone is connected."""
    return bool(_users)


def people() -> int:
    """How many people are connected."""
    return len(_users)


def is_joined(slug: str) -> bool:
    """Whether somebody here has joined the room."""
    return slug in _rooms


def rooms_joined() -> int:
    """How many rooms somebody has joined."""
    return len(_rooms)


def rooms() -> list[str]:
    """Those that somebody here has joined."""
    return list(_rooms.keys())


def all_connections() -> list[Connection]:
    return _users.everyone()


def pace(storing: Callable[[], bool]) -> None:
    """`storing()` says whether more is about to be delivered: a crowd is then written to a little later, for all at once."""
    outgoing.storing = storing


@contextmanager
def soon(slugs: Collection[str]) -> Iterator[None]:
    """While events of these rooms are being stored: what comes for them from other processes waits for that, a few
    milliseconds at most, so that a socket is written to once for both."""
    others.hold(slugs)
    try:
        yield
    finally:
        others.release(slugs)


@never_raises
def to_log(slug: str, event: str, data: Any, seq: int) -> None:
    """A durable event, to every connection that has joined the room, in any process: in the order of the log."""
    if slug not in _rooms and not others.there:
        return
    frame = wire.event(event, data)
    log_here(slug, seq, event, frame)
    if others.there:
        others.to_log(slug, payload_of(frame), seq)


@never_raises
def from_log(slug: str, event: str, data: Any, seq: int) -> None:
    """A durable event that was to be heard from another process and wasn't: read from the log, for those here. The next
    in the room's order, or it came meanwhile."""
    if order.last(slug) == seq - 1:
        log_here(slug, seq, event, wire.event(event, data))


def log_from_elsewhere(slug: str, seq: int, event: str, frame: bytes) -> None:
    """A durable event that another process sent."""
    outgoing.hear()
    log_here(slug, seq, event, frame)


def log_here(slug: str, seq: int, event: str, frame: bytes) -> None:
    receivers = _rooms.size(slug)
    if receivers:
        deliveries[event] += receivers
        order.admit(slug, seq, frame)


def begin_log(slug: str, head: int) -> bool:
    """Those who have just joined the room are told of its log up to `head`; what follows is theirs to hear. False where
    it isn't, as it was begun here beyond that: they are to be told more."""
    return slug not in _rooms or order.begin(slug, head)


def last_seq(slug: str) -> int | None:
    """Up to where the room's log was delivered here, if anything was."""
    return order.last(slug)


def _push_to_room(slug: str, frame: bytes) -> None:
    for connection in subscribers(slug):
        connection.channel.push(frame)


order = Gate(_push_to_room)


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
    if slug not in _rooms and not (everywhere and others.there):
        return
    frame = wire.event(event, data)
    room_here(slug, event, frame, skip_user, droppable)
    if everywhere and others.there:
        others.to_room(slug, payload_of(frame), skip_user)


def room_here(slug: str, event: str, frame: bytes, skip_user: int | None, droppable: bool) -> None:
    receivers = subscribers(slug)
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
    receivers = connections(user_id)
    if unless_joined is not None:
        receivers = [connection for connection in receivers if unless_joined not in connection.rooms]
    _send(receivers, event, data, droppable)


def user_here(user_id: int, event: str, frame: bytes, unless_joined: str | None) -> None:
    receivers = [connection for connection in connections(user_id) if unless_joined not in connection.rooms]
    _push(receivers, event, frame, True)


@never_raises
def to_user_elsewhere(user_id: int, event: str, data: Any) -> None:
    """To the user's connections in other processes that haven't joined the room which `data` names. Droppable."""
    if others.there:
        others.to_user(user_id, payload_of(wire.event(event, data)))


@never_raises
def tell_others(word: str, *parts: Any) -> None:
    """A word to the other processes. Who should act on it says so by `others.hear`."""
    others.tell(word, *parts)


@never_raises
def to_users(user_ids: Iterable[int], event: str, data: Any, *, droppable: bool = False) -> None:
    """To every connection of all these people."""
    _send([connection for user_id in user_ids for connection in connections(user_id)], event, data, droppable)


@never_raises
def leave(connections: Iterable[Connection], event: str, data: Any) -> None:
    """To each with whatever is sent to it next, within a ping's interval: for what isn't worth a send of its own."""
    frame = wire.event(event, data)
    for connection in connections:
        if not connection.closed:
            deliveries[event] += 1
            connection.channel.leave(frame)


@never_raises
def to_connections(connections: Iterable[Connection], event: str, data: Any) -> None:
    """To each at once. A slow reader mustn't miss it: they wouldn't know that they lack something."""
    _send([connection for connection in connections if not connection.closed], event, data, False)


def revocations() -> int:
    """Goes up with each `evict`, `end_sessions` and `restrict`. Whoever reads that somebody may do something, and does it
    for them a moment later, sees by it whether anybody may do less since."""
    return _revoked[0]


@never_raises
def restrict() -> None:
    """Somebody may do less from now on, and still listen: they are muted, or a room is archived. In any process."""
    _restrict_here()
    others.tell("restrict")


def _restrict_here() -> None:
    _revoked[0] += 1


@never_raises
def evict(user_id: int, slug: str) -> None:
    """None of the user's connections gets the room's events from now on, in any process."""
    _evict_here(user_id, slug)
    others.tell("evict", user_id, slug)


def _evict_here(user_id: int, slug: str) -> None:
    _revoked[0] += 1
    for connection in connections(user_id):
        unsubscribe(connection, slug)


@never_raises
def end_sessions(
    user_id: int, code: str, *, session_key: str | None = None, token_id: int | None = None
) -> None:
    """Tell the user's connections why, and close them, in any process; only those that came in by the key or token,
    where one is named."""
    digest = None if session_key is None else digest_of(session_key)
    _end_here(user_id, code, digest, token_id)
    others.tell("end", user_id, code, digest, token_id)


def digest_of(session_key: str) -> str:
    """Names a session to processes that know its key; the key itself stays here."""
    return sha256(f"session:{session_key}".encode()).hexdigest()


def _end_here(user_id: int, code: str, digest: str | None, token_id: int | None) -> None:
    _revoked[0] += 1
    for connection in connections(user_id):
        identity = connection.identity
        if digest is not None and (identity.session_key is None or digest_of(identity.session_key) != digest):
            continue
        if token_id is not None and identity.token_id != token_id:
            continue
        end(connection, code)


hear("restrict", _restrict_here)
hear("evict", _evict_here, int, str)
hear("end", _end_here, int, str, str | None, int | None)


@never_raises
def end(connection: Connection, code: str) -> None:
    """`session-ended` with the code, a DISCONNECT (so that the client doesn't come back by itself), and the close."""
    detach(connection)
    connection.channel.push(wire.event("session-ended", {"code": code}))
    connection.channel.push(wire.DISCONNECT)
    connection.channel.close(reason="session ended")


def _send(receivers: Collection[Connection], event: str, data: Any, droppable: bool) -> None:
    if receivers:
        _push(receivers, event, wire.event(event, data), droppable)


def _push(receivers: Collection[Connection], event: str, frame: bytes, droppable: bool) -> None:
    deliveries[event] += len(receivers)
    for connection in receivers:
        connection.channel.push(frame, droppable)
