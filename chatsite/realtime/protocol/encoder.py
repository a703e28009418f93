"""Encode Socket.IO packets of namespace "/" as websocket frames, once for all their receivers."""

import json
from typing import Any

import orjson

from chatsite.realtime.protocol.frames import frame


def to_json(value: Any) -> bytes:
    """Return compact JSON in UTF-8. Times and UUIDs become strings."""
    try:
        return orjson.dumps(value, default=str)
    except TypeError:
        # A lone surrogate has no bytes in UTF-8; it comes back to its sender in an error's field names.
        text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=str)
        return text.encode("utf-8", "replace")


def event(name: str, data: Any) -> bytes:
    """Return the frame of an EVENT: `42["name",{…}]`."""
    return frame(b"42" + to_json([name, data]))


def ack(number: int, data: Any) -> bytes:
    """Return the frame of the ACK `number`: `43number[{…}]`."""
    return frame(b"43%d" % number + to_json([data]))


def connected(sid: str) -> bytes:
    """Return the frame of CONNECT, which tells a client its connection's sid."""
    return frame(b"40" + to_json({"sid": sid}))


def refused(message: str, code: str, namespace: str = "", retry_after: float | None = None) -> bytes:
    """Return the frame of CONNECT_ERROR. `namespace` is named in front where it isn't "/"; `retry_after` is
    in seconds."""
    prefix = f"44{namespace}," if namespace else "44"
    data = {"code": code} if retry_after is None else {"code": code, "retry_after": retry_after}
    return frame(prefix.encode("utf-8", "replace") + to_json({"message": message, "data": data}))


DISCONNECT = frame(b"41")
PING = frame(b"2")
PROBED = frame(b"3probe")
NOOP = frame(b"6")
CLOSED = frame(b"1")
