"""Several workers behind one port: a request of a session that lives in another worker goes there, with its socket.

The first letters of an Engine.IO session id name its worker. Each listens at a unix socket of that name, in a folder
that only the site's own user may open; a connection there brings one descriptor, then what was read from it already.
"""

import logging
import os
import secrets
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import eventlet
import orjson
from eventlet import hubs, patcher

logger = logging.getLogger("chatsite.realtime")

# The environment's name for that folder.
FOLDER = "CHATSITE_HANDOVER"
# Characters of a worker's name; it is drawn anew each time, so that nobody takes it for a dead one's.
LENGTH = 8
# Seconds for the whole of it, between two processes of one machine.
PATIENCE = 2.0
# A request's head and what may have come behind it.
LONGEST = 256 * 1024

_Socket = patcher.original("socket").socket
# Takes a socket, where its client is, and what was read from it.
Serve = Callable[[Any, Any, bytes], None]


class SocketHandoff:
    def __init__(self, folder: str, serve: Serve) -> None:
        self.folder, self.serve = Path(folder), serve
        self.name = secrets.token_hex(LENGTH // 2)

    def start(self) -> None:
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(self.folder / self.name))
        self._listener.listen(128)
        self._acceptor = eventlet.spawn(self._accept)

    def stop(self) -> None:
        (self.folder / self.name).unlink(missing_ok=True)
        self._acceptor.kill()
        self._listener.close()

    def owner(self, path: str, query: str) -> str | None:
        """The other worker that the request is for, if any."""
        if "sid=" not in query or not path.startswith("/socket.io"):
            return None
        name = parse_qs(query).get("sid", [""])[0][:LENGTH]
        known = name != self.name and name.isalnum() and name.isascii() and len(name) == LENGTH
        return name if known and (self.folder / name).exists() else None

    def others(self) -> list[str]:
        """Those that take connections, and go on doing so."""
        names = [
            path.name for path in self.folder.iterdir() if len(path.name) == LENGTH and path.name.isalnum()
        ]
        return [name for name in names if name != self.name]

    def give_anybody(self, client: Any, address: Any) -> bool:
        """A connection of which nothing has been read: whether somebody has it."""
        return any(self.give(name, client, address, b"") for name in self.others())

    def give(self, name: str, client: Any, address: Any, data: bytes) -> bool:
        """Whether the other worker has it. `client` stays open here, and should be closed then."""
        head = orjson.dumps(address)
        content = len(head).to_bytes(4, "big") + head + data
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as way:
                way.settimeout(PATIENCE)
                way.connect(str(self.folder / name))
                socket.send_fds(way, [len(content).to_bytes(4, "big")], [client.fileno()])
                way.sendall(content)
        except OSError as error:
            logger.warning("a request could not be handed over: %s", error)
            return False
        return True

    def _accept(self) -> None:
        while True:
            way, _ = self._listener.accept()
            eventlet.spawn_n(self._take, way)

    def _take(self, way: Any) -> None:
        descriptors: list[int] = []
        try:
            with eventlet.Timeout(PATIENCE, TimeoutError("too slow")), way:
                address, data = receive(way, descriptors)
            client = _Socket(fileno=descriptors.pop())
        except (OSError, ValueError) as error:
            logger.warning("a request that was handed over could not be taken: %s", error)
            for descriptor in descriptors:
                os.close(descriptor)
            return
        self.serve(client, address, data)


def receive(way: Any, descriptors: list[int]) -> tuple[Any, bytes]:
    """Raises OSError or ValueError; what came in `descriptors` is the caller's all the same."""
    hubs.trampoline(way.fileno(), read=True)
    size, found, _, _ = socket.recv_fds(way, 4, 1)
    descriptors += found
    length = int.from_bytes(size, "big")
    if len(size) != 4 or not descriptors or length > LONGEST:
        raise ValueError("not a request")
    content = b""
    while len(content) <= length and (more := way.recv(65536)):
        content += more
    head = int.from_bytes(content[:4], "big")
    if len(content) != length:
        raise ValueError("it was cut off")
    address = orjson.loads(content[4 : 4 + head])
    return tuple(address) if isinstance(address, list) else address, content[4 + head :]


def as_read(request: Any) -> bytes:
    """gunicorn's request as bytes again: its head, and what came behind it and nobody has looked at."""
    version = ".".join(map(str, request.version))
    lines = [f"{request.method} {request.uri} HTTP/{version}"]
    lines += [f"{name}: {value}" for name, value in request.headers]
    head = "".join(f"{line}\r\n" for line in lines) + "\r\n"
    return head.encode("latin-1") + bytes(request.unreader.take_buffered())
