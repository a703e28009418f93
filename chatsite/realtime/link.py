"""A websocket's TCP socket, taken off WSGI and watched by the hub: no greenlet waits for it."""

import logging
import socket
import struct
from typing import Any, Protocol

from chatsite.realtime import loop
from chatsite.realtime.parser import Parser
from chatsite.realtime.websocket import INTERNAL, Message, WebSocketError

logger = logging.getLogger("chatsite.realtime")

CHUNK = 64 * 1024
# Seconds that a closed websocket may take to read what was sent and to close its side.
LINGER = 2
RESET = struct.pack("ii", 1, 0)


class Owner(Protocol):
    """Who is told what happens on a link."""

    def message(self, link: "Link", message: Message) -> None: ...
    def broken(self, link: "Link", error: WebSocketError) -> None: ...
    def writable(self, link: "Link") -> None: ...
    def lost(self, link: "Link") -> None: ...


class Link:
    __slots__ = ("_parser", "_reading", "_socket", "_writing", "owner")

    def __init__(self, raw: Any, owner: Owner) -> None:
        self.owner: Owner | None = owner
        self._socket: Any = raw
        self._parser = Parser()
        self._writing: Any = None
        self._reading: Any = loop.watch(loop.READ, raw.fileno(), self._readable)

    def send(self, data: bytes) -> int:
        """How many bytes the kernel took; 0 when it is full. OSError when the peer is gone."""
        try:
            return int(self._socket.send(data))
        except (BlockingIOError, InterruptedError):
            return 0

    @property
    def paused(self) -> bool:
        return self._reading is None

    def pause(self) -> None:
        if self._reading is not None:
            loop.unwatch(self._reading)
            self._reading = None

    def resume(self) -> None:
        if self._reading is None and self._socket is not None:
            self._reading = loop.watch(loop.READ, self._socket.fileno(), self._readable)

    def await_writable(self) -> None:
        if self._writing is None:
            self._writing = loop.watch(loop.WRITE, self._socket.fileno(), self._writable)

    def written(self) -> None:
        if self._writing is not None:
            loop.unwatch(self._writing)
            self._writing = None

    def finish(self) -> None:
        """All is sent: say so, and wait for the peer's side. Closing with its bytes unread would cut off ours."""
        if self._socket is None:
            return
        self.owner = None
        self.written()
        self.resume()
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError:
            self.close()
        loop.clock.after(LINGER, self.close)

    def close(self) -> None:
        if self._socket is None:
            return
        self.owner = None
        self.pause()
        self.written()
        self._socket.close()
        self._socket = None

    def reset(self) -> None:
        """Close at once and let the kernel forget what it still holds for a peer that doesn't read."""
        if self._socket is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.close()

    def _readable(self, descriptor: int) -> None:
        if self._socket is None:
            return
        try:
            data = self._socket.recv(CHUNK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self._lost()
        elif self.owner is not None:
            self._feed(data)

    def _feed(self, data: bytes) -> None:
        owner = self.owner
        try:
            messages = self._parser.feed(data)
        except WebSocketError as error:
            if owner is not None:
                owner.broken(self, error)
            return
        for message in messages:
            # The owner goes when a message closes the socket: what came behind it isn't read.
            if owner is None or self.owner is not owner:
                return
            self._deliver(owner, message)

    def _deliver(self, owner: Owner, message: Message) -> None:
        try:
            owner.message(self, message)
        except Exception:
            # The hub would forget the descriptor, and the client would stay, unheard.
            logger.exception("a message could not be taken")
            owner.broken(self, WebSocketError(INTERNAL, "a fault of the server"))

    def _writable(self, descriptor: int) -> None:
        if self.owner is not None:
            self.owner.writable(self)

    def _lost(self) -> None:
        owner = self.owner
        self.close()
        if owner is not None:
            owner.lost(self)
