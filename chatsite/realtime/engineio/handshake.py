"""The websocket handshake: from an HTTP request to a bare socket (RFC 6455 section 4.2)."""

from typing import Any

from eventlet import patcher

from chatsite.realtime.protocol.frames import accept_key

_Socket = patcher.original("socket").socket


def wants_websocket(environ: dict[str, Any]) -> bool:
    """Return whether the request asks to become a websocket."""
    tokens = [token.strip().lower() for token in environ.get("HTTP_CONNECTION", "").split(",")]
    return "upgrade" in tokens and environ.get("HTTP_UPGRADE", "").lower() == "websocket"


def handshake(environ: dict[str, Any]) -> bytes | None:
    """Return the 101 response to a valid websocket request (RFC 6455 section 4.2.1), or None."""
    key = accept_key(environ.get("HTTP_SEC_WEBSOCKET_KEY", ""))
    good = (
        wants_websocket(environ)
        and environ.get("SERVER_PROTOCOL") == "HTTP/1.1"
        and environ.get("HTTP_SEC_WEBSOCKET_VERSION") == "13"
        and environ.get("CONTENT_LENGTH", "0") in ("", "0")
        and "HTTP_TRANSFER_ENCODING" not in environ
        and hasattr(environ.get("gunicorn.socket"), "fd")
    )
    if key is None or not good:
        return None
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + key.encode() + b"\r\n\r\n"
    )


def take_socket(environ: dict[str, Any]) -> Any:
    """Return the request's socket, which is neither gunicorn's nor eventlet's any more. Raises OSError where
    the client is gone.

    Detached and not duplicated: the old descriptor would stay in epoll, and the next connection with its
    number would hang.
    """
    green = environ["gunicorn.socket"].fd
    family, kind, protocol = green.family, green.type, green.proto
    raw = _Socket(family, kind, protocol, fileno=green.detach())
    raw.setblocking(False)
    # Bytes that were peeked and not read (see `fast_handshake.py`).
    if environ.get("chatsite.request"):
        raw.recv(environ["chatsite.request"])
    return raw
