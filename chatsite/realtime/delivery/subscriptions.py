"""Connections of this process, the rooms they have joined, and how far each room's log was delivered."""

from collections.abc import Collection
from weakref import WeakValueDictionary

from chatsite.realtime.delivery import peers
from chatsite.realtime.delivery.connection import NO_ROOMS, Connection
from chatsite.realtime.delivery.moves import moves
from chatsite.realtime.delivery.multimap import Multimap
from chatsite.realtime.delivery.sequencer import Sequencer

_rooms: Multimap[str, Connection] = Multimap()
_users: Multimap[int, Connection] = Multimap()
# By slug, the set of that one room: nearly all connections have joined a single room, and share it.
_single_rooms: WeakValueDictionary[str, frozenset[str]] = WeakValueDictionary()


def attach(connection: Connection) -> None:
    """Deliver to the connection what is sent to its user."""
    user_id = connection.identity.user_id
    if user_id not in _users:
        peers.site.open_user(user_id)
    _users.add(user_id, connection)
    moves.note(user_id)


def detach(connection: Connection) -> None:
    """Forget the connection: it gets nothing more and can't subscribe again."""
    connection.closed = True
    rooms, connection.rooms = connection.rooms, NO_ROOMS
    for slug in rooms:
        _leave(slug, connection)
    if _users.discard(connection.identity.user_id, connection):
        peers.site.close_user(connection.identity.user_id)


def subscribe(connection: Connection, slug: str) -> None:
    """Deliver the room's events to the connection. Does nothing for a closed connection."""
    rooms = connection.rooms
    if connection.closed or slug in rooms:
        return
    if isinstance(rooms, set):
        rooms.add(slug)
    elif rooms:
        connection.rooms = {*rooms, slug}
    else:
        connection.rooms = _single_rooms.get(slug) or _single_rooms.setdefault(slug, frozenset((slug,)))
    if slug not in _rooms:
        peers.site.open_room(slug)
    _rooms.add(slug, connection)
    pushing.joined(slug, connection)


def unsubscribe(connection: Connection, slug: str) -> None:
    """End the delivery of the room's events to the connection."""
    rooms = connection.rooms
    if isinstance(rooms, set):
        rooms.discard(slug)
    elif slug in rooms:
        connection.rooms = NO_ROOMS
    _leave(slug, connection)
    moves.note(connection.identity.user_id)


def _leave(slug: str, connection: Connection) -> None:
    last = _rooms.discard(slug, connection)
    pushing.left(slug, connection)
    if last:
        sequencer.forget(slug)
        peers.site.close_room(slug)


def subscribers(slug: str) -> list[Connection]:
    """Return the connections of this process that have joined the room."""
    return _rooms.members(slug)


def connections(user_id: int) -> list[Connection]:
    """Return the user's connections in this process."""
    return _users.members(user_id)


def anybody() -> bool:
    """Return whether anyone is connected to this process."""
    return bool(_users)


def people() -> int:
    """Return how many users are connected to this process."""
    return len(_users)


def is_joined(slug: str) -> bool:
    """Return whether a connection of this process has joined the room."""
    return slug in _rooms


# Returns how many connections of this process have joined the room. No function of its own: it is asked several times for a
# message.
count = _rooms.size


def everybody_joined(slug: str) -> bool:
    """Return whether all connections of this process have joined the room."""
    return count(slug) == _users.total


def rooms_joined() -> int:
    """Return how many rooms connections of this process have joined."""
    return len(_rooms)


def rooms() -> list[str]:
    """Return the slugs of the rooms that connections of this process have joined."""
    return list(_rooms.keys())


def all_connections() -> list[Connection]:
    """Return all connections of this process."""
    return _users.all_members()


def begin_log(slug: str, head: int) -> bool:
    """Note that connections which have just joined know the room's log up to `head`. False if live delivery
    began after head + 1: they are to be told of the events between."""
    return slug not in _rooms or sequencer.begin(slug, head)


def last_seq(slug: str) -> int | None:
    """Return the seq up to which the room's log was delivered here, None where nothing was."""
    return sequencer.last(slug)


class Pushing:
    """How a frame is queued for a room's connections: one by one. The engine has a quicker way for its own sockets."""

    def to_room(
        self, slug: str, frame: bytes, skip: Collection[Connection] = (), droppable: bool = False
    ) -> None:
        """Queue the frame for the connections that have joined the room, but for those of `skip`."""
        for connection in subscribers(slug):
            if connection not in skip:
                connection.channel.push(frame, droppable)

    def joined(self, slug: str, connection: Connection) -> None:
        """Note that the connection has joined the room."""

    def left(self, slug: str, connection: Connection) -> None:
        """Note that it has left."""


# Set once, before anybody is connected.
pushing = Pushing()


def push_to_room(slug: str, frame: bytes, skip: Collection[Connection] = (), droppable: bool = False) -> None:
    """Queue the frame for the connections that have joined the room, but for those of `skip`."""
    pushing.to_room(slug, frame, skip, droppable)


sequencer = Sequencer(push_to_room)
