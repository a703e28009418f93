"""Who is connected to this process, what rooms they have joined, and up to where they have been told each room's log."""

from weakref import WeakValueDictionary

from chatsite.realtime.delivery import peers
from chatsite.realtime.delivery.connection import NOWHERE, Connection
from chatsite.realtime.delivery.multimap import Multimap
from chatsite.realtime.delivery.sequencer import Sequencer

_rooms: Multimap[str, Connection] = Multimap()
_users: Multimap[int, Connection] = Multimap()
# The rooms of all who have joined just that one: nearly everybody, so they share it.
_alone: WeakValueDictionary[str, frozenset[str]] = WeakValueDictionary()


def attach(connection: Connection) -> None:
    """From now on the connection gets what is sent to its user."""
    user_id = connection.identity.user_id
    if user_id not in _users:
        peers.site.open_user(user_id)
    _users.add(user_id, connection)


def detach(connection: Connection) -> None:
    """The connection is gone: it gets nothing more and can't subscribe again."""
    connection.closed = True
    rooms, connection.rooms = connection.rooms, NOWHERE
    for slug in rooms:
        _leave(slug, connection)
    if _users.discard(connection.identity.user_id, connection):
        peers.site.close_user(connection.identity.user_id)


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
        peers.site.open_room(slug)
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
        peers.site.close_room(slug)


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


def count(slug: str) -> int:
    return _rooms.size(slug)


def rooms_joined() -> int:
    """How many rooms somebody has joined."""
    return len(_rooms)


def rooms() -> list[str]:
    """Those that somebody here has joined."""
    return list(_rooms.keys())


def all_connections() -> list[Connection]:
    return _users.everyone()


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


order = Sequencer(_push_to_room)
