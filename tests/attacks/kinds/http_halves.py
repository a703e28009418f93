"""Who never finishes: half requests that drip, answers that nobody takes, bodies without an end."""

import select
import socket
import threading
import time
from contextlib import suppress
from typing import ClassVar

from tests.attacks.attack import Attack
from tests.attacks.newcomer import Newcomer
from tests.attacks.site import Site


class Dripping(Attack):
    """`count` connections say `beginning`, and then a byte each some seconds; a new one for each that is closed."""

    beginning: ClassVar[bytes]
    count: ClassVar[int] = 2000
    seconds: ClassVar[float] = 14.0
    every: ClassVar[float] = 8.0

    def prepare(self, site: Site) -> None:
        self.newcomer = Newcomer(site)
        self.opened = self.closed = self.most = 0

    def strike(self, site: Site, until: float) -> None:
        with self.newcomer:
            self._drip(site, until)

    @property
    def enough(self) -> bool:
        return self.most >= min(self.count, 1000)

    def _drip(self, site: Site, until: float) -> None:
        poll = select.poll()
        clients: dict[int, socket.socket] = {}
        next_drip = time.monotonic() + self.every
        while self.goes_on(until):
            self._fill(site, clients, poll, until)
            for descriptor, _ in poll.poll(50):
                self._look(descriptor, clients, poll)
            if time.monotonic() > next_drip:
                next_drip = time.monotonic() + self.every
                for client in clients.values():
                    with suppress(OSError):
                        client.send(b"x")
        for client in clients.values():
            client.close()

    def _fill(self, site: Site, clients: dict[int, socket.socket], poll: select.poll, until: float) -> None:
        """A hundred more at a time, so that who was closed is seen in between."""
        for _ in range(min(100, self.count - len(clients))):
            client = self.connect(site)
            client.sendall(self.beginning)
            client.setblocking(False)
            clients[client.fileno()] = client
            poll.register(client, select.POLLIN)
            self.opened += 1
        self.most = max(self.most, len(clients))

    def connect(self, site: Site) -> socket.socket:
        return socket.create_connection((site.server.host, site.server.port), timeout=20)

    def _look(self, descriptor: int, clients: dict[int, socket.socket], poll: select.poll) -> None:
        client = clients[descriptor]
        with suppress(OSError):
            if client.recv(65536):
                return
        poll.unregister(client)
        del clients[descriptor]
        client.close()
        self.closed += 1

    def check(self, site: Site) -> None:
        assert self.enough, f"only {self.most} were open at once"
        self.newcomer.check(self.stretch)

    @property
    def done(self) -> str:
        return f"{self.opened} opened, {self.most} at once, {self.closed} ended; {self.newcomer}"


POST = b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nusername="


class HalfPosts(Dripping):
    name: ClassVar[str] = "half posts"
    beginning: ClassVar[bytes] = POST


class ManyHalfPosts(Dripping):
    """More than there are places; which takes longer to open than the suite has."""

    name: ClassVar[str] = "10,050 half posts"
    in_suite: ClassVar[bool] = False
    beginning: ClassVar[bytes] = POST
    count: ClassVar[int] = 10_050
    seconds: ClassVar[float] = 25.0


class HalfHeads(Dripping):
    name: ClassVar[str] = "half heads"
    beginning: ClassVar[bytes] = b"GET /login HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Padding: "


class HalfPolls(Dripping):
    name: ClassVar[str] = "half posts to Socket.IO"
    beginning: ClassVar[bytes] = POST.replace(b"/login", b"/socket.io/?EIO=4&transport=polling&sid=x")


class TlsHellos(Dripping):
    """To the plain port."""

    name: ClassVar[str] = "TLS to the plain port"
    seconds: ClassVar[float] = 5.0
    beginning: ClassVar[bytes] = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"r" * 100
    count: ClassVar[int] = 200
    # After ten seconds any half request is closed.
    patience: ClassVar[float] = 3.0

    @property
    def enough(self) -> bool:
        return self.closed > 0

    def check(self, site: Site) -> None:
        assert self.enough, "they were waited for"
        self.newcomer.check(self.stretch)


class Streaming(Attack):
    """Some connections send, in the form of a body, as much as is taken; new ones for those that are closed."""

    connections: ClassVar[int] = 8
    least: ClassVar[int] = 500_000
    head: ClassVar[bytes]
    piece: ClassVar[bytes]

    @property
    def enough(self) -> bool:
        return self.sent > self.least

    def prepare(self, site: Site) -> None:
        self.newcomer = Newcomer(site)
        self.opened = self.sent = 0

    def strike(self, site: Site, until: float) -> None:
        with self.newcomer:
            threads = [
                threading.Thread(target=self._stream, args=(site, until)) for _ in range(self.connections)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    def _stream(self, site: Site, until: float) -> None:
        while self.goes_on(until):
            self.opened += 1
            address = (site.server.host, site.server.port)
            with suppress(OSError), socket.create_connection(address, timeout=1) as client:
                client.sendall(self.head)
                while self.goes_on(until):
                    self.sent += client.send(self.piece)

    def check(self, site: Site) -> None:
        assert self.enough, f"only {self.sent} bytes were taken"
        self.newcomer.check(self.stretch)

    @property
    def done(self) -> str:
        return f"{self.opened} opened, {self.sent / 1e6:.0f} MB sent; {self.newcomer}"


class EndlessChunks(Streaming):
    name: ClassVar[str] = "endless chunked bodies"
    head: ClassVar[bytes] = (
        b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"
    )
    piece: ClassVar[bytes] = b"10000\r\n" + b"x" * 65536 + b"\r\n"


class TinyChunks(Streaming):
    name: ClassVar[str] = "bodies in chunks of a byte"
    head: ClassVar[bytes] = b"POST /room HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    piece: ClassVar[bytes] = b"1\r\nx\r\n" * 10_000


class EndlessBodies(Streaming):
    """What is refused by its length, and sent all the same."""

    name: ClassVar[str] = "bodies of a terabyte"
    head: ClassVar[bytes] = (
        b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000000000\r\n\r\n"
    )
    piece: ClassVar[bytes] = b"x" * 262144


class ByteByByte(Streaming):
    """A head of as many pieces as it has bytes."""

    name: ClassVar[str] = "heads byte by byte"
    connections: ClassVar[int] = 2
    least: ClassVar[int] = 1000
    head: ClassVar[bytes] = b"GET /login HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Padding: "
    piece: ClassVar[bytes] = b"x"

    def _stream(self, site: Site, until: float) -> None:
        while self.goes_on(until):
            self.opened += 1
            address = (site.server.host, site.server.port)
            with suppress(OSError), socket.create_connection(address, timeout=1) as client:
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                client.sendall(self.head)
                while self.goes_on(until):
                    self.sent += client.send(self.piece)
                    time.sleep(0.0002)


class SlowReaders(Attack):
    """Who asks for much on many connections, and takes next to nothing of it."""

    name: ClassVar[str] = "answers that nobody takes"
    seconds: ClassVar[float] = 10.0
    count: ClassVar[int] = 300

    def prepare(self, site: Site) -> None:
        self.newcomer = Newcomer(site)
        self.opened = 0

    def strike(self, site: Site, until: float) -> None:
        one = b"GET /schema HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 200
        clients = []
        with self.newcomer:
            for _ in range(self.count):
                client = socket.socket()
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
                client.settimeout(20)
                client.connect((site.server.host, site.server.port))
                client.sendall(one)
                clients.append(client)
                self.opened += 1
            while time.monotonic() < until:
                time.sleep(1)
                for client in clients:
                    with suppress(OSError):
                        client.recv(16)
        for client in clients:
            client.close()

    def check(self, site: Site) -> None:
        assert self.opened == self.count
        self.newcomer.check(self.stretch)

    @property
    def done(self) -> str:
        return f"{self.opened} opened; {self.newcomer}"
