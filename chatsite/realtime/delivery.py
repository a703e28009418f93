"""The only way events leave: services call these after their commit.

Everything here is in memory and in this process, cheap where nobody is connected, and never raises: a delivery
that fails must not fail the request that is already committed. Clients get what they missed by `sync`.
"""

import logging
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, ParamSpec

from chatsite.realtime import wire
from chatsite.realtime.connection import Connection

logger = logging.getLogger("chatsite.realtime")
P = ParamSpec("P")

_rooms: dict[str, set[Connection]] = {}
_users: dict[int, set[Connection]] = {}


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
    _users.setdefault(connection.identity.user_id, set()).add(connection)


def detach(connection: Connection) -> None:
    """The connection is gone: it gets nothing more and can't subscribe again."""
    connection.closed = True
    for slug in list(connection.rooms):
        unsubscribe(connection, slug)
    _drop(_users, connection.identity.user_id, connection)


def subscribe(connection: Connection, slug: str) -> None:
    if connection.closed:
        return
    connection.rooms.add(slug)
    _rooms.setdefault(slug, set()).add(connection)


def unsubscribe(connection: Connection, slug: str) -> None:
    connection.rooms.discard(slug)
    _drop(_rooms, slug, connection)


def subscribers(slug: str) -> list[Connection]:
    return list(_rooms.get(slug, ()))


def connections(user_id: int) -> list[Connection]:
    return list(_users.get(user_id, ()))


def all_connections() -> list[Connection]:
    return [connection for group in list(_users.values()) for connection in list(group)]


@never_raises
def to_room(
    slug: str, event: str, data: Any, *, skip_user: int | None = None, droppable: bool = False
) -> None:
    """To every connection that has joined the room; `droppable` where a slow reader may miss it."""
    receivers = subscribers(slug)
    if skip_user is not None:
        receivers = [connection for connection in receivers if connection.identity.user_id != skip_user]
    _send(receivers, event, data, droppable)


@never_raises
def to_user(
    user_id: int, event: str, data: Any, *, unless_joined: str | None = None, droppable: bool = False
) -> None:
    """To every connection of the user; with `unless_joined`, only to those that haven't joined that room."""
    receivers = connections(user_id)
    if unless_joined is not None:
        receivers = [connection for connection in receivers if unless_joined not in connection.rooms]
    _send(receivers, event, data, droppable)


@never_raises
def to_users(user_ids: Iterable[int], event: str, data: Any, *, droppable: bool = False) -> None:
    """To every connection of all these people."""
    _send([connection for user_id in user_ids for connection in connections(user_id)], event, data, droppable)


@never_raises
def to_connection(connection: Connection, event: str, data: Any, *, droppable: bool = False) -> None:
    _send([connection], event, data, droppable)


@never_raises
def evict(user_id: int, slug: str) -> None:
    """None of the user's connections gets the room's events from now on."""
    for connection in connections(user_id):
        unsubscribe(connection, slug)


@never_raises
def end_sessions(
    user_id: int, code: str, *, session_key: str | None = None, token_id: int | None = None
) -> None:
    """Tell the user's connections why, and close them; only those that came in by the key or token, where one is named."""
    for connection in connections(user_id):
        identity = connection.identity
        if session_key is not None and identity.session_key != session_key:
            continue
        if token_id is not None and identity.token_id != token_id:
            continue
        end(connection, code)


@never_raises
def end(connection: Connection, code: str) -> None:
    """`session-ended` with the code, a DISCONNECT (so that the client doesn't come back by itself), and the close."""
    detach(connection)
    connection.channel.push(wire.event("session-ended", {"code": code}))
    connection.channel.push(wire.DISCONNECT)
    connection.channel.close(reason="session ended")


def _send(receivers: Iterable[Connection], event: str, data: Any, droppable: bool) -> None:
    receivers = [connection for connection in receivers if not connection.closed]
    if not receivers:
        return
    frame = wire.event(event, data)
    for connection in receivers:
        connection.channel.push(frame, droppable)


def _drop(groups: dict[Any, set[Connection]], key: Any, connection: Connection) -> None:
    group = groups.get(key)
    if group is None:
        return
    group.discard(connection)
    if not group:
        del groups[key]
