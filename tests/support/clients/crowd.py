"""Thousands of clients in one thread: bare sockets that connect, join, answer pings and go in every way there is."""

import json
import selectors
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable

from tests.support import ROOT
from tests.support.clients.raw_clients import compact, masked
from tests.support.servers.harness import Server

PATIENCE = 240
TOGETHER = 100
RESET = struct.pack("ii", 1, 0)

SCRIPT = """
import json, secrets, sys, django
django.setup()
from accounts.models import ApiToken, User
from rooms.models import Membership, Room
count, size = map(int, sys.argv[1:])
# A second crowd of the same site has other names.
crowd = secrets.token_hex(3)
secrets = [f"chat_{secrets.token_urlsafe(32)}" for _ in range(count)]
people = User.objects.bulk_create([User(username=f"person{crowd}{n:05}", password="!") for n in range(count)])
ApiToken.objects.bulk_create(
    ApiToken(user=user, name="crowd", prefix=secret[:12], digest=ApiToken.digest_of(secret))
    for user, secret in zip(people, secrets)
)
rooms = Room.objects.bulk_create(
    [Room(slug=f"table-{crowd}-{n}", name=f"Table {n}", kind="private") for n in range((count + size - 1) // size)]
)
Membership.objects.bulk_create(Membership(room=rooms[n // size], user=user) for n, user in enumerate(people))
print(json.dumps([[secret, rooms[n // size].slug] for n, secret in enumerate(secrets)]))
"""


def people(server: Server, count: int, size: int = 50) -> list[tuple[str, str]]:
    """Make `count` people in private rooms of `size`; return the (token, room) of each."""
    run = [sys.executable, "-c", SCRIPT, str(count), str(size)]
    done = subprocess.run(run, cwd=ROOT, env=server.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [(token, room) for token, room in json.loads(done.stdout.splitlines()[-1])]


class LetGo(AssertionError):
    """The server closed a connection that was to stay."""


class Member:
    """One client. `joined` when its join has its ack."""

    def __init__(self, server: Server, token: str, room: str) -> None:
        self.socket = socket.create_connection((server.host, server.port), timeout=PATIENCE)
        self.token, self.room, self.buffer, self.joined = token, room, b"", False
        self.upgraded = False
        self.socket.sendall(
            b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: %b\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" % f"{server.host}:{server.port}".encode()
        )

    def send(self, text: str) -> None:
        self.socket.sendall(masked(text.encode()))

    def read(self) -> None:
        data = self.socket.recv(65536)
        if not data:
            raise LetGo(f"the server let {self.room} go")
        self.buffer += data
        if not self.upgraded:
            head, end, self.buffer = self.buffer.partition(b"\r\n\r\n")
            if not end:
                self.buffer = head
                return
            assert b" 101 " in head, head
            self.upgraded = True
        while (text := self._next()) is not None:
            self._heard(text)

    def _next(self) -> bytes | None:
        buffer = self.buffer
        if len(buffer) < 2:
            return None
        size, start = buffer[1], 2
        if size >= 126:
            start = 4 if size == 126 else 10
            size = int.from_bytes(buffer[2:start], "big")
        if len(buffer) < start + size:
            return None
        self.buffer = buffer[start + size :]
        return buffer[start : start + size]

    def _heard(self, text: bytes) -> None:
        if text == b"2":
            self.send("3")
        elif text[:1] == b"0":
            self.send("40" + compact({"token": self.token}))
        elif text[:3] == b"40{":
            self.send("420" + compact(["join", {"room": self.room}]))
        elif text[:4] == b"430[":
            assert text.startswith(b'430[{"ok":true'), text
            self.joined = True

    # The ways to go

    def close(self) -> None:
        self.socket.close()

    def reset(self) -> None:
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.socket.close()

    def say_goodbye(self) -> None:
        self.send("41")
        self.socket.close()

    def close_websocket(self) -> None:
        self.socket.sendall(masked(b"\x03\xe8", 8))
        self.socket.close()


WAYS: list[Callable[[Member], None]] = [
    Member.close,
    Member.reset,
    Member.say_goodbye,
    Member.close_websocket,
]


class Crowd:
    """Connected members, in the order in which they came."""

    def __init__(self, server: Server) -> None:
        self.server, self.members = server, list[Member]()
        self._selector = selectors.DefaultSelector()

    def come(self, people: list[tuple[str, str]]) -> None:
        """Connect people, TOGETHER at a time; return once all have joined."""
        for start in range(0, len(people), TOGETHER):
            new = [Member(self.server, *one) for one in people[start : start + TOGETHER]]
            for member in new:
                self._selector.register(member.socket, selectors.EVENT_READ, member)
            self.members += new
            deadline = time.monotonic() + PATIENCE
            while not all(member.joined for member in new):
                assert time.monotonic() < deadline, "not everybody could join"
                self._turn(0.1)

    def stay(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._turn(left)

    def go(self) -> None:
        """Disconnect all members, each in the next of WAYS."""
        for number, member in enumerate(self.members):
            self._selector.unregister(member.socket)
            WAYS[number % len(WAYS)](member)
        self.members = []

    def _turn(self, seconds: float) -> None:
        for key, _ in self._selector.select(seconds):
            key.data.read()
