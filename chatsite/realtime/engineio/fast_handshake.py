"""Answer plain websocket handshakes without gunicorn, whose parsing of one takes longer than all that
follows. Most of a storm of clients are such.

The request is peeked at and stays in the socket. So gunicorn answers, as if nothing had happened, whatever
isn't expected here to the letter, and whatever must be refused.
"""

import logging
import re
from collections.abc import Callable
from typing import Any

logger = logging.getLogger("chatsite.realtime")

# A whole request with nothing behind it: printable ASCII, nothing escaped in its query, no folded lines, no
# underscore in a header's name that could pass for a dash.
REQUEST = re.compile(
    rb"GET /socket\.io/?\?([A-Za-z0-9_.=&~-]+) HTTP/1\.1\r\n((?:[!#$%&'*+.^`|~0-9A-Za-z-]+:[\t -~]*\r\n)+)\r\n"
)
# Longer requests are for gunicorn and its limits.
MAX_REQUEST_BYTES = 4096
# Headers of requests that have a body or ask for something else first.
UNEXPECTED_HEADERS = frozenset(
    {"HTTP_CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING", "HTTP_EXPECT", "HTTP_TRAILER"}
)


def parse_environ(data: bytes) -> dict[str, Any] | None:
    """Return the part of a WSGI environ that the handshake reads; None for a request that isn't plain."""
    request = REQUEST.fullmatch(data) if len(data) < MAX_REQUEST_BYTES else None
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
        if key in environ or key in UNEXPECTED_HEADERS:
            return None
        environ[key] = value.strip(" \t")
    return environ if "HTTP_HOST" in environ and "HTTP_UPGRADE" in environ else None


def try_upgrade(data: bytes, client: Any, address: Any, upgrade: Callable[[dict[str, Any]], bool]) -> bool:
    """Return whether the socket has become a websocket. `data` is what was peeked from it."""
    environ = parse_environ(data)
    if environ is None or not isinstance(address, tuple):
        return False
    environ |= {"REMOTE_ADDR": address[0], "gunicorn.socket": client, "chatsite.request": len(data)}
    try:
        return upgrade(environ)
    except Exception:
        logger.exception("a handshake failed")
        return bool(client.fd.fileno() < 0)
