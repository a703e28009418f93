"""One client of namespace "/": what handlers and delivery are given."""

from typing import Any, Protocol

from chatsite.realtime.auth import Identity


class Channel(Protocol):
    """Where a connection's packets go: a socket, or a list in a test."""

    def push(self, frame: bytes, droppable: bool = False) -> None:
        """Queue one websocket frame. Never blocks, never raises; a `droppable` one may be left out."""

    def close(self, *, reason: str) -> None:
        """Send what is queued, then close."""


class Connection:
    """`user` is a fresh row before each handler; `state` belongs to the handlers."""

    __slots__ = (
        "__weakref__",
        "channel",
        "closed",
        "identity",
        "remote_address",
        "rooms",
        "sid",
        "state",
        "user",
    )

    def __init__(self, sid: str, identity: Identity, channel: Channel, remote_address: str = "") -> None:
        self.sid = sid
        self.identity = identity
        self.channel = channel
        self.remote_address = remote_address
        self.user: Any = None
        self.rooms: set[str] = set()
        self.state: dict[str, Any] = {}
        self.closed = False

    def __repr__(self) -> str:
        return f"<Connection {self.sid} of {self.identity.username}>"
