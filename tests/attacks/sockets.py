"""Many sockets in one thread, each of which asks as fast as it is answered; what they cost is the server's, not ours.

with Sockets(site, [token] * 60) as sockets: sockets.ask(until, lambda number: ("leave", {"room": "hall"})), sockets.granted
"""

import selectors
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from time import monotonic
from typing import Any, Self

from tests.attacks.site import Site
from tests.support.clients.raw_clients import RawSocket, compact

# Events of one socket that wait for their acks.
UNDER_WAY = 16
GRANTED, REFUSED = b'[{"ok":true', b'"code":"rate_limited"'
# `number` counts the events of all sockets.
Event = Callable[[int], tuple[str, dict[str, Any]]]


def frame(text: str) -> bytes:
    """One client's frame with a mask of zeros, as the real one takes longer to make here than to take off there."""
    payload = text.encode()
    if len(payload) < 126:
        head = bytes([0x81, 0x80 | len(payload)])
    else:
        head = bytes([0x81, 0x80 | 126]) + len(payload).to_bytes(2, "big")
    return head + bytes(4) + payload


class Sockets:
    """One connection for each token. `granted` and `refused` count acks, `asked` events, `lost` the sockets that closed."""

    def __init__(self, site: Site, tokens: Sequence[str]) -> None:
        self.asked = self.granted = self.refused = self.lost = 0
        self._stack, self._selector = ExitStack(), selectors.DefaultSelector()
        self.raws = [self._stack.enter_context(RawSocket(site.server).connect(token)) for token in tokens]
        self._stack.enter_context(kept_alive(self.raws))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()
        self._selector.close()

    def call(self, name: str, data: dict[str, Any]) -> None:
        """Each of them once, before anything is measured."""
        for raw in self.raws:
            answer = raw.call(name, data)
            assert answer["ok"], answer

    def ask(self, until: float, event: Event) -> None:
        """Each keeps UNDER_WAY events waiting until then; what is answered to others is read and thrown away."""
        self._watch()
        for raw in self.raws:
            self._send(raw.socket, event, UNDER_WAY)
        while (left := until - monotonic()) > 0:
            for key, _ in self._selector.select(left):
                if answered := self._read(key.fileobj):
                    self._send(key.fileobj, event, answered)
                if monotonic() > until:
                    break

    def drain(self, until: float) -> None:
        """Read what comes, and throw it away."""
        self._watch()
        while (left := until - monotonic()) > 0:
            for key, _ in self._selector.select(left):
                self._read(key.fileobj)

    def _watch(self) -> None:
        for raw in self.raws:
            if raw.socket not in self._selector.get_map():
                self._selector.register(raw.socket, selectors.EVENT_READ)

    def _send(self, client: Any, event: Event, count: int) -> None:
        frames = []
        for _ in range(count):
            self.asked += 1
            frames.append(frame(f"42{self.asked}" + compact(list(event(self.asked)))))
        with suppress(OSError):
            client.sendall(b"".join(frames))

    def _read(self, client: Any) -> int:
        """How many of its events were answered. What is cut in two by the end of what was received isn't counted."""
        try:
            data = client.recv(1 << 18)
        except OSError:
            data = b""
        if not data:
            self.lost += 1
            self._selector.unregister(client)
            return 0
        granted, failed = data.count(GRANTED), data.count(b'[{"ok":false')
        self.granted += granted
        self.refused += data.count(REFUSED)
        return granted + failed


@contextmanager
def kept_alive(raws: Sequence[RawSocket]) -> Iterator[None]:
    """Say pong for these all the while: nobody reads their pings."""
    over = threading.Event()

    def say() -> None:
        while not over.wait(2):
            for raw in raws:
                with suppress(OSError):
                    raw.socket.send(frame("3"), socket.MSG_DONTWAIT)

    thread = threading.Thread(target=say)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def open_slowly_read(site: Site, token: str) -> RawSocket:
    """A connection with room for next to nothing that isn't read."""
    raw = RawSocket(site.server).connect(token)
    raw.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    return raw
