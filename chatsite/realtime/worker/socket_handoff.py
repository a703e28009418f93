"""Hand off requests between the workers behind one port: a request for another worker's session goes there
with its socket.

The first characters of an Engine.IO session id name its worker. Each worker listens at a unix socket of that
name, in a folder that only the site's own user may open; a connection there brings one descriptor, and what
was read from it.
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

# The environment variable that holds the folder.
FOLDER = "CHATSITE_HANDOVER"
# Characters of a worker's name, which is drawn anew each time, so that nobody takes it for a dead one's.
NAME_CHARACTERS = 8
# Seconds for a whole hand-off, between two processes of one machine.
TRANSFER_SECONDS = 2.0
# Bytes of a request's head and what may have come behind it.
MAX_REQUEST_BYTES = 256 * 1024

_Socket = patcher.original("socket").socket
# Takes a socket, its client's address, and what was read from it.
Serve = Callable[[Any, Any, bytes], None]


class SocketHandoff:
    """One worker's end: `serve(socket, address, data)` gets the requests of other workers."""

    def __init__(self, folder: str, serve: Serve) -> None:
        self.folder, self.serve = Path(folder), serve
        self.name = secrets.token_hex(NAME_CHARACTERS // 2)

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
        """Return the name of the other worker that the request is for, or None."""
        if "sid=" not in query or not path.startswith("/socket.io"):
            return None
        name = parse_qs(query).get("sid", [""])[0][:NAME_CHARACTERS]
        known = name != self.name and name.isalnum() and name.isascii() and len(name) == NAME_CHARACTERS
        return name if known and (self.folder / name).exists() else None

    def others(self) -> list[str]:
        """Return the names of the workers that accept connections and go on doing so."""
        names = [
            path.name
            for path in self.folder.iterdir()
            if len(path.name) == NAME_CHARACTERS and path.name.isalnum()
        ]
        return [name for name in names if name != self.name]

    def give_anybody(self, client: Any, address: Any) -> bool:
        """Hand off a connection of which nothing was read; return whether another worker has it."""
        return any(self.give(name, client, address, b"") for name in self.others())

    def give(self, name: str, client: Any, address: Any, data: bytes) -> bool:
        """Hand off a connection with what was read from it; return whether the other worker has it. `client`
        stays open here, and should be closed then."""
        head = orjson.dumps(address)
        content = len(head).to_bytes(4, "big") + head + data
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as way:
                way.settimeout(TRANSFER_SECONDS)
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
            with eventlet.Timeout(TRANSFER_SECONDS, TimeoutError("too slow")), way:
                address, data = receive(way, descriptors)
            client = _Socket(fileno=descriptors.pop())
        except (OSError, ValueError) as error:
            logger.warning("a request that was handed over could not be taken: %s", error)
            for descriptor in descriptors:
                os.close(descriptor)
            return
        self.serve(client, address, data)


def receive(way: Any, descriptors: list[int]) -> tuple[Any, bytes]:
    """Receive a hand-off: the client's address, and what was read from it. The descriptor is appended to
    `descriptors` and the caller's, also where this raises OSError or ValueError."""
    hubs.trampoline(way.fileno(), read=True)
    size, found, _, _ = socket.recv_fds(way, 4, 1)
    descriptors += found
    length = int.from_bytes(size, "big")
    if len(size) != 4 or not descriptors or length > MAX_REQUEST_BYTES:
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
    """Return gunicorn's request as bytes again: its head, and what came behind it unparsed."""
    version = ".".join(map(str, request.version))
    lines = [f"{request.method} {request.uri} HTTP/{version}"]
    lines += [f"{name}: {value}" for name, value in request.headers]
    head = "".join(f"{line}\r\n" for line in lines) + "\r\n"
    return head.encode("latin-1") + bytes(request.unreader.take_buffered())
