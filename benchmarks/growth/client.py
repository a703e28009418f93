"""Clients of one person: HTTP by a connection that is kept, and a websocket that asks and counts what comes."""

import http.client
import json
import time
from collections import Counter
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import Any

import websocket

from benchmarks.growth.site import Site
from benchmarks.loader import Usage
from benchmarks.servers import Server

Numbers = dict[str, Any]
TIMEOUT_SECONDS = 120
# Requests before the first that counts, and how many are measured at least.
UNCOUNTED, LEAST = 3, 5


class Pages:
    """A keep-alive connection by token for REST, and by session for pages."""

    def __init__(self, server: Server, token: str, session: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=TIMEOUT_SECONDS)
        self.rest = {"Authorization": f"Token {token}", "Accept": "application/json"}
        self.page = {"Cookie": f"sessionid={session}", "Accept": "text/html"}

    def get(self, path: str, *, page: bool = False) -> bytes:
        """Return the body. Raises RuntimeError for an error; the home page leads to a room."""
        answer = self.answer(path, self.page if page else self.rest)
        body = answer.read()
        if answer.status not in (200, 302):
            raise RuntimeError(f"GET {path} answered {answer.status}")
        return body

    def answer(self, path: str, headers: dict[str, str]) -> http.client.HTTPResponse:
        """Ask once more where the server has closed a connection that was idle."""
        try:
            self.connection.request("GET", path, headers=headers)
            return self.connection.getresponse()
        except http.client.RemoteDisconnected:
            self.connection.close()
            self.connection.request("GET", path, headers=headers)
            return self.connection.getresponse()


class Socket:
    """A client of Socket.IO, with a thread that answers pings and counts the bytes of each event in `received`."""

    def __init__(self, server: Server, token: str) -> None:
        url = f"ws://127.0.0.1:{server.port}/socket.io/?EIO=4&transport=websocket"
        self.socket = websocket.create_connection(url, timeout=TIMEOUT_SECONDS)
        self.received: Counter[str] = Counter()
        self.asked = 0
        self.answers: SimpleQueue[str] = SimpleQueue()
        self.socket.recv()
        self.socket.send("40" + json.dumps({"token": token}))
        Thread(target=self.read, daemon=True).start()
        self.answers.get(timeout=TIMEOUT_SECONDS)

    def read(self) -> None:
        """Read until the socket is closed. `hello`, acks, and the end are answers."""
        try:
            while packet := str(self.socket.recv()):
                self.take(packet)
        except (websocket.WebSocketException, OSError):
            pass
        self.answers.put("")

    def take(self, packet: str) -> None:
        name = packet[4 : packet.index('"', 4)] if packet.startswith('42["') else packet[:2]
        self.received[name] += len(packet)
        if packet == "2":
            self.socket.send("3")
        elif name in ("hello", "43", "44"):
            self.answers.put(packet)

    def ask(self, event: str, data: Any) -> dict[str, Any]:
        """Send an event and return its ack. Raises RuntimeError for a refusal, and where the connection has ended."""
        self.asked += 1
        self.socket.send(f"42{self.asked}" + json.dumps([event, data]))
        packet = self.answers.get(timeout=TIMEOUT_SECONDS)
        [answer] = json.loads(packet.removeprefix(f"43{self.asked}") or "[{}]")
        if not answer.get("ok"):
            raise RuntimeError(f"{event}: {answer}")
        return dict(answer)

    def close(self) -> None:
        self.socket.close()


def measure(server: Server, seconds: float, act: Callable[[], object]) -> Numbers:
    """Do something over and over; return the server's and the database's CPU µs each, and the milliseconds."""
    for _ in range(UNCOUNTED):
        act()
    times: list[float] = []
    before, until = Usage.of(server), time.monotonic() + seconds
    while len(times) < LEAST or time.monotonic() < until:
        began = time.perf_counter()
        act()
        times.append((time.perf_counter() - began) * 1000)
    after = Usage.of(server)
    times.sort()
    return {
        "cpu_us": (after.server - before.server) / len(times) * 1e6,
        "database_us": (after.database - before.database) / len(times) * 1e6,
        "p50_ms": times[len(times) // 2],
        "p99_ms": times[int(len(times) * 0.99)],
        "times": len(times),
    }


def sessions(site: Site, *numbers: int) -> list[str]:
    """Make a session for the people of these numbers; return the cookies' values."""
    said = site.workspace.django(site.name, "benchmarks.growth.sessions", *map(str, numbers))
    return list(json.loads(said))
