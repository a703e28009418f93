"""One client of namespace "/", as handlers and delivery know it."""

from collections.abc import Set
from typing import Any, Protocol

from chatsite.realtime.delivery.identity import Identity


class Channel(Protocol):
    """A connection's socket, as delivery and limits know it. `session` is what reads the client."""

    @property
    def session(self) -> Any: ...

    @property
    def waiting(self) -> int:
        """Bytes that wait for the client."""

    @property
    def unfinished_bytes(self) -> int:
        """Bytes kept of the client's unfinished message."""

    def push(self, frame: bytes, droppable: bool = False) -> None:
        """Queue one websocket frame. Never blocks, never raises; a `droppable` frame may be left out for a
        slow reader."""

    def piggyback(self, frame: bytes) -> None:
        """Queue one frame that isn't worth a send of its own: it goes with the next one. It may be left out
        for a slow reader."""

    def close(self, *, reason: str) -> None:
        """Send what is queued, then close."""


NO_ROOMS: frozenset[str] = frozenset()


class Connection:
    """A client that is admitted, or about to be.

    `user` is its person's fresh row while a handler runs that is given one, otherwise None.
    `credentials_hash` stands for the session or token that authorisation last found good. `rooms` are the
    slugs that it has joined: `delivery` replaces the set, others only read it. With `all_rooms` it joins its
    person's further rooms as they are added to them.
    """

    __slots__ = (
        "all_rooms",
        "channel",
        "closed",
        "credentials_hash",
        "identity",
        "remote_address",
        "rooms",
        "sid",
        "user",
    )

    def __init__(self, sid: str, identity: Identity, channel: Channel, remote_address: str = "") -> None:
        self.sid = sid
        self.identity = identity
        self.channel = channel
        self.remote_address = remote_address
        self.user: Any = None
        self.rooms: Set[str] = NO_ROOMS
        self.credentials_hash: Any = None
        self.all_rooms = False
        self.closed = False

    def __repr__(self) -> str:
        return f"<Connection {self.sid} of {self.identity.username}>"
