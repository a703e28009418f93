"""Clients that begin and don't finish: bytes that drip, requests without an end, websockets that never ask to come in."""

import selectors
import socket
import time
from collections.abc import Iterator
from random import Random

from tests.chaos.stage import Stage
from tests.chaos.strains import Strain
from tests.chaos.strangers import come_in, guests
from tests.chaos.vitals import of
from tests.support.clients.raw_clients import masked, query
from tests.support.servers.harness import Server

# Seconds between two drops, and until the last of them has been put out: 10 for a request's headers, 5 for CONNECT.
DRIP, END = 1.0, 30.0
# Those that open a session, of each address; 512 may (chatsite/realtime/engineio/handshake_queue.py).
ADDRESSES = [f"127.0.0.{number}" for number in range(2, 6)]
# One too many; the connection would be kept for another request.
REFUSED = b"HTTP/1.1 429"
# Descriptors that the worker may have more when all have gone: the crew's polls.
SLACK = 16


def beginnings(server: Server) -> list[bytes]:
    """Nothing; half a line; headers without an end; a websocket without CONNECT."""
    host = f"Host: {server.host}:{server.port}\r\n"
    upgrade = (
        f"GET {query(transport='websocket')} HTTP/1.1\r\n{host}Upgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    )
    return [text.encode() for text in ("", "G", upgrade, upgrade + "\r\n")]


def rest(beginning: bytes) -> Iterator[bytes]:
    """What comes byte by byte: more of a header, or of a websocket's frame that never ends."""
    endless = masked(b"40" + b" " * 1000) if beginning.endswith(b"\r\n\r\n") else b"x" * 1000
    return (endless[place : place + 1] for place in range(len(endless)))


class HalfOpen(Strain):
    """`count` of them at once, and one more for each that is put out, for so many seconds. `opened` counts all; `waited`
    is how long somebody needed to come in meanwhile, at worst, in seconds; `before`, `most` and `after` are the worker's
    descriptors."""

    def __init__(self, room: str, count: int) -> None:
        self.room, self.count, self.opened, self.closed = room, count, 0, 0
        self.waited = 0.0
        self.before = self.most = self.after = 0

    @property
    def done(self) -> str:
        descriptors = f"descriptors {self.before}, then {self.most}, then {self.after}"
        return f"{self.opened} opened; {descriptors}; who came meanwhile was in after {self.waited:.1f} s at worst"

    def bear(self, stage: Stage, seconds: float, chance: Random) -> None:
        server, worker = stage.machines[0].server, stage.machines[0].workers[0]
        [token] = guests(stage, self.room, 1, chance)
        self.before = of(worker).descriptors
        crowd = Dripping(server, chance)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            crowd.fill(self.count)
            crowd.drip()
            began = time.monotonic()
            come_in(server, token).close()
            self.waited = max(self.waited, time.monotonic() - began)
            self.most = max(self.most, of(worker).descriptors)
        crowd.drain(END)
        self.opened, self.closed = crowd.opened, crowd.closed
        self.after = until_few(worker, self.before + SLACK)


def until_few(worker: int, most: int) -> int:
    deadline = time.monotonic() + END
    while (now := of(worker).descriptors) > most and time.monotonic() < deadline:
        time.sleep(0.1)
    return now


class Dripping:
    def __init__(self, server: Server, chance: Random) -> None:
        self.server, self.chance = server, chance
        self.beginnings = beginnings(server)
        self.opened = self.closed = 0
        self._selector = selectors.DefaultSelector()

    def fill(self, count: int) -> None:
        for _ in range(count - len(self._selector.get_map())):
            self._open()

    def _open(self) -> None:
        address = self.chance.choice(ADDRESSES)
        client = socket.create_connection((self.server.host, self.server.port), 10, (address, 0))
        client.setblocking(False)
        beginning = self.chance.choice(self.beginnings)
        client.send(beginning)
        self._selector.register(client, selectors.EVENT_READ, rest(beginning))
        self.opened += 1

    def drip(self) -> None:
        """A byte of each, over the time of a drop."""
        for key in list(self._selector.get_map().values()):
            try:
                key.fileobj.send(next(key.data))
            except OSError:
                self._over(key.fileobj)
        self._look(DRIP)

    def drain(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while self._selector.get_map():
            assert time.monotonic() < deadline, f"{len(self._selector.get_map())} are still open"
            self._look(0.2)

    def _look(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            for key, _ in self._selector.select(left):
                try:
                    data = key.fileobj.recv(4096)
                    if not data or data.startswith(REFUSED):
                        self._over(key.fileobj)
                except BlockingIOError:
                    pass
                except OSError:
                    self._over(key.fileobj)

    def _over(self, client: socket.socket) -> None:
        if client.fileno() >= 0:
            self._selector.unregister(client)
            client.close()
            self.closed += 1
