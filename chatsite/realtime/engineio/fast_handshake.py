"""A short way in for plain websocket handshakes, which are most of a storm: gunicorn's parsing of one takes longer than
all that follows.

Nothing is read from the socket before it is a websocket. So whatever isn't to the letter what is expected here, and
whatever must be refused, goes gunicorn's way as if nobody had looked.
"""

import logging
import re
from collections.abc import Callable
from typing import Any

logger = logging.getLogger("chatsite.realtime")

# A whole request, with nothing behind it: printable ASCII, nothing escaped in its query, no folded lines, no underscore
# in a name that could pass for a dash.
REQUEST = re.compile(
    rb"GET /socket\.io/?\?([A-Za-z0-9_.=&~-]+) HTTP/1\.1\r\n((?:[!#$%&'*+.^`|~0-9A-Za-z-]+:[\t -~]*\r\n)+)\r\n"
)
# Longer ones are for gunicorn and its limits.
LONGEST = 4096
# What has a body, or asks for something else first.
FOREIGN = frozenset({"HTTP_CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING", "HTTP_EXPECT", "HTTP_TRAILER"})


def environ_of(data: bytes) -> dict[str, Any] | None:
    """What the handshake asks of a WSGI environ; None for any request that isn't plain."""
    request = REQUEST.fullmatch(data) if len(data) < LONGEST else None
    if request is None or b"transport=websocket" not in request[1] or b"polling" in request[1]:
        return None
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET",
        "QUERY_STRING": request[1].decode(),
        "SERVER_PROTOCOL": "HTTP/1.1",
    }
    for line in request[2].decode().split("\r\n")[:-1]:
        name, _, value = line.partition(":")
        key = "HTTP_" + name.upper().replace("-", "_")
        if key in environ or key in FOREIGN:
            return None
        environ[key] = value.strip(" \t")
    return environ if "HTTP_HOST" in environ and "HTTP_UPGRADE" in environ else None


def opens(data: bytes, client: Any, address: Any, upgrade: Callable[[dict[str, Any]], bool]) -> bool:
    """Whether the socket is a websocket now. `data` is what it has received and nobody has taken."""
    environ = environ_of(data)
    if environ is None or not isinstance(address, tuple):
        return False
    environ |= {"REMOTE_ADDR": address[0], "gunicorn.socket": client, "chatsite.request": len(data)}
    try:
        return upgrade(environ)
    except Exception:
        logger.exception("a handshake failed")
        return client.fd.fileno() < 0
