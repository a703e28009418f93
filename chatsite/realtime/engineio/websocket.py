"""A websocket's TCP socket, taken off WSGI and watched by the hub: no greenlet waits for it."""

import logging
import socket
import struct
from typing import Any, Protocol

from chatsite.realtime.protocol.frames import (
    INTERNAL,
    FrameParser,
    Message,
    WebSocketError,
    parse_text_frame,
)
from chatsite.realtime.scheduling.epoll import READ, WRITE, websocket_epoll
from chatsite.realtime.scheduling.hub import clock

logger = logging.getLogger("chatsite.realtime")

# Bytes read at a time: 64 KiB of the smallest frames took 30 ms, in which everyone else waited.
READ_BYTES = 8 * 1024
# Seconds that a closed websocket may take to read what was sent and to close its side.
LINGER_SECONDS = 2
LINGER_RESET = struct.pack("ii", 1, 0)


class Owner(Protocol):
    """The session or probe that a websocket belongs to: its methods are called with what happens on the websocket."""

    def message(self, websocket: "WebSocket", message: Message) -> None: ...
    def unfinished(self, websocket: "WebSocket", size: int, fragments: int) -> None:
        """`size` bytes have come that end in an unfinished message, or contain `fragments` frames that
        weren't whole messages."""

    def broken(self, websocket: "WebSocket", error: WebSocketError) -> None: ...
    def writable(self, websocket: "WebSocket") -> None: ...
    def lost(self, websocket: "WebSocket") -> None: ...


class Company(Protocol):
    """Who else writes to a websocket, by its descriptor."""

    def part(self, owner: Any) -> None:
        """Leave what waits for the websocket, and what comes, to its owner for a while."""

    def drop(self, owner: Any) -> None:
        """Do so for good, and forget the descriptor."""


class WebSocket:
    """A websocket's socket and parser. `raw` is None once closed, `wanted` a sum of READ and WRITE; `_parser` is None
    but while a message is unfinished, and `crowd` but while one writes to it."""

    __slots__ = ("_parser", "crowd", "owner", "raw", "wanted")

    def __init__(self, raw: Any, owner: Owner) -> None:
        self.owner: Owner | None = owner
        self.raw: Any = raw
        self._parser: FrameParser | None = None
        self.crowd: Company | None = None
        self.wanted = 0
        self._want(READ)

    def _want(self, wanted: int) -> None:
        if wanted != self.wanted:
            before, self.wanted = self.wanted, wanted
            websocket_epoll.change(self, self.raw.fileno(), before, wanted)

    def leave_crowd(self) -> None:
        """Let nobody but the owner write here from now on: the descriptor's number may soon be another's."""
        if self.crowd is not None:
            self.crowd.drop(self.owner)

    def send(self, data: bytes) -> int:
        """Return how many bytes the kernel took; 0 where it is full. Raises OSError where the peer is gone."""
        try:
            return int(self.raw.send(data))
        except (BlockingIOError, InterruptedError):
            return 0

    @property
    def paused(self) -> bool:
        return not self.wanted & READ

    def pause(self) -> None:
        self._want(self.wanted & ~READ)

    def resume(self) -> None:
        if self.raw is not None:
            self._want(self.wanted | READ)

    def await_writable(self) -> None:
        self._want(self.wanted | WRITE)

    def written(self) -> None:
        self._want(self.wanted & ~WRITE)

    def finish(self) -> None:
        """Everything is sent: shut down our side and wait for the peer's. Closing with unread bytes of the
        peer would cut off ours."""
        if self.raw is None:
            return
        self.leave_crowd()
        self.owner = None
        self.written()
        self.resume()
        try:
            self.raw.shutdown(socket.SHUT_WR)
        except OSError:
            self.close()
        clock.after(LINGER_SECONDS, self.close)

    def close(self) -> None:
        if self.raw is None:
            return
        self.leave_crowd()
        self.owner = None
        self._want(0)
        self.raw.close()
        self.raw = self._parser = None

    def reset(self) -> None:
        """Close at once, and let the kernel drop what it holds for a peer that doesn't read."""
        if self.raw is not None:
            self.raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RESET)
        self.close()

    def readable(self) -> None:
        if not self.wanted & READ:
            return
        try:
            data = self.raw.recv(READ_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self._lost()
        elif self.owner is not None:
            self._feed(self.owner, data)

    def _feed(self, owner: Owner, data: bytes) -> None:
        try:
            if self._parser is None and (found := parse_text_frame(data)) and found[1] == len(data):
                self._deliver(owner, found[0])
                return
            parser = self._parser or FrameParser()
            messages = parser.feed(data)
        except WebSocketError as error:
            owner.broken(self, error)
            return
        self._parser = None if parser.idle else parser
        for message in messages:
            # A message may close the socket, behind which others are dropped, or hand it to another owner.
            if self.owner is None:
                return
            self._deliver(self.owner, message)
        if self.owner is not None and (self._parser is not None or parser.fragments):
            fragments, parser.fragments = parser.fragments, 0
            self.owner.unfinished(self, len(data), fragments)

    @property
    def unfinished_bytes(self) -> int:
        """Bytes kept of an unfinished message."""
        return 0 if self._parser is None else self._parser.unfinished_bytes

    def _deliver(self, owner: Owner, message: Message) -> None:
        try:
            owner.message(self, message)
        except Exception:
            # The session may be in any state now: it would stay half handled.
            logger.exception("a message could not be taken")
            (self.owner or owner).broken(self, WebSocketError(INTERNAL, "a fault of the server"))

    def writable(self) -> None:
        if self.wanted & WRITE and self.owner is not None:
            self.owner.writable(self)

    def _lost(self) -> None:
        owner = self.owner
        self.close()
        if owner is not None:
            owner.lost(self)
