"""The other end: websockets that join rooms, send, answer pings, and count what comes."""

import json
import selectors
import socket
import time
from collections.abc import Callable
from uuid import NAMESPACE_URL, uuid5

from benchmarks.groups import Group

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
TEXT = "The quick brown fox jumps over the lazy dog, and the day goes on as it does; "
# Seconds until an answer has come; a server under valgrind takes fifty times as long as others.
TIMEOUT_SECONDS = 120
WAIT_SECONDS = 5.0
MASK = b"\x37\xfa\x21\x3d"


def masked(payload: bytes) -> bytes:
    """Return a client's frame of text, of less than 64 KiB."""
    size = len(payload)
    head = bytes([0x81, 0x80 | size]) if size < 126 else b"\x81\xfe" + size.to_bytes(2, "big")
    return head + MASK + bytes(byte ^ MASK[place % 4] for place, byte in enumerate(payload))


class Peer:
    """A websocket of one person in one room. The server's first frames are read as they come."""

    def __init__(self, port: int, token: str, room: str) -> None:
        self.room, self.token = room, token
        self.joined = False
        self.acks = self.messages = 0
        self._left = b""
        self.socket = socket.create_connection(("127.0.0.1", port), TIMEOUT_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(
            f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    def say(self, text: str) -> None:
        self.socket.sendall(masked(text.encode()))

    def read(self) -> None:
        """Read what has come."""
        data = self.socket.recv(1 << 18)
        if not data:
            raise ConnectionError(f"the server closed a socket of {self.room}")
        data = self._left + data
        if data.startswith(b"HTTP/"):
            head, _, data = data.partition(b"\r\n\r\n")
            if b" 101 " not in head:
                raise ConnectionError(head.decode())
        while (end_of := frame_end(data)) is not None:
            begin, finish = end_of
            self._take(data[begin:finish])
            data = data[finish:]
        self._left = data

    def _take(self, payload: bytes) -> None:
        if payload == b"2":
            self.say("3")
        elif payload.startswith(b'42["chat-message",'):
            self.messages += 1
        elif payload.startswith(b"43"):
            if b'"ok":true' not in payload:
                raise ConnectionError(payload.decode())
            self.acks += self.joined
            self.joined = True
        elif payload.startswith(b"0{"):
            self.say(f"40{json.dumps({'token': self.token})}")
        elif payload.startswith(b"40"):
            self.say(f'420["join",{json.dumps({"room": self.room})}]')
        elif payload.startswith((b"41", b"44")):
            raise ConnectionError(payload.decode())


def frame_end(data: bytes) -> tuple[int, int] | None:
    """Return where the payload of a server's first frame begins and ends, None while it isn't whole."""
    if len(data) < 2:
        return None
    wide = {126: 2, 127: 8}.get(data[1], 0)
    size = int.from_bytes(data[2 : 2 + wide], "big") if wide else data[1]
    end = 2 + wide + size
    return (2 + wide, end) if len(data) >= end else None


class Crowd:
    """All peers of some groups."""

    def __init__(self, port: int, tokens: list[str], groups: tuple[Group, ...]) -> None:
        self._selector = selectors.DefaultSelector()
        self._sent = 0
        self.peers: dict[Group, list[Peer]] = {}
        for group in groups:
            room = f"{group.prefix}0"
            mine = tokens[group.first : group.first + group.people]
            self.peers[group] = [Peer(port, token, room) for token in mine]
            for peer in self.peers[group]:
                self._selector.register(peer.socket, selectors.EVENT_READ, peer)
        everybody = self.everybody
        self._until(lambda: all(peer.joined for peer in everybody), "everybody has joined")

    @property
    def everybody(self) -> list[Peer]:
        return [peer for peers in self.peers.values() for peer in peers]

    def send(self, group: Group, messages: int, at_once: int = 1) -> None:
        """Send messages into the group's room, so many in flight: each until its ack and until all have it."""
        peers = self.peers[group]
        sender = peers[0]
        for _ in range(messages // at_once):
            acks, got = sender.acks + at_once, [peer.messages + at_once for peer in peers]
            sender.socket.sendall(b"".join(masked(self._message(group)) for _ in range(at_once)))
            self._until(lambda acks=acks: sender.acks >= acks, "the ack")  # type: ignore[misc]
            arrived: Callable[[], bool] = lambda got=got: all(  # type: ignore[misc]  # noqa: E731
                peer.messages >= wanted for peer, wanted in zip(peers, got, strict=True)
            )
            self._until(arrived, "all deliveries")

    def _message(self, group: Group) -> bytes:
        self._sent += 1
        fields = {
            "room": f"{group.prefix}0",
            "body": f"{TEXT}{self._sent:05}",
            "client_id": str(uuid5(NAMESPACE_URL, str(self._sent))),
        }
        return f'42{self._sent}["chat-message",{json.dumps(fields)}]'.encode()

    def idle(self, seconds: float) -> None:
        """Answer pings for some time."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._read(left)

    def close(self) -> None:
        for peer in self.everybody:
            peer.socket.close()

    def _until(self, done: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while not done():
            if time.monotonic() > deadline:
                raise TimeoutError(f"There was no end of the wait: {what}.")
            self._read(WAIT_SECONDS)

    def _read(self, seconds: float) -> None:
        for key, _ in self._selector.select(seconds):
            key.data.read()
