"""RFC 6455 frames: their constants, the handshake's key, and encoding.

No extensions: permessage-deflate would cost a compressor for each socket.
"""

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from hashlib import sha1
from typing import NamedTuple

# Bytes of one message on the wire, in one frame or many: a text of 10,000 emoji, each escaped to twelve ASCII
# characters as python-socketio does, is 120 KB. Its packet may be smaller: `decoder.PACKET_BYTES`.
MESSAGE_BYTES = 256 * 1024
# Bytes of one message of a client that isn't admitted yet and has only a token to send.
UNAUTHENTICATED_MESSAGE_BYTES = 64 * 1024
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
NORMAL, GOING_AWAY, PROTOCOL, UNSUPPORTED = 1000, 1001, 1002, 1003
NOT_UTF8, TOO_BIG, INTERNAL = 1007, 1009, 1011
# Codes that an endpoint may put into a close frame (RFC 6455 section 7.4, and IANA's registry).
CLOSE_CODES = frozenset({*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)})


class WebSocketError(Exception):
    """The peer broke the protocol; `code` is for our close frame."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Message(NamedTuple):
    """A message or control frame. `opcode` is TEXT, BINARY, CLOSE, PING or PONG; `text` is a TEXT's decoded
    payload."""

    opcode: int
    payload: bytes
    text: str = ""


def accept_key(key: str) -> str | None:
    """Return the `Sec-WebSocket-Accept` for a `Sec-WebSocket-Key`; None for a key that isn't sixteen bytes of
    base64."""
    try:
        if len(b64decode(key, validate=True)) != 16:
            return None
    except (Base64Error, ValueError):
        return None
    return b64encode(sha1(key.encode() + GUID, usedforsecurity=False).digest()).decode()


def frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """Return one unmasked, final frame, as a server sends it."""
    size = len(payload)
    if size < 126:
        return bytes((0x80 | opcode, size)) + payload
    if size < 65536:
        return bytes((0x80 | opcode, 126)) + size.to_bytes(2, "big") + payload
    return bytes((0x80 | opcode, 127)) + size.to_bytes(8, "big") + payload


def payload_of(framed: bytes) -> bytes:
    """Return the payload of one frame made by `frame`. Polling sends the payloads of frames that websockets
    share."""
    size = framed[1]
    return framed[2 if size < 126 else 4 if size == 126 else 10 :]


def close_frame(code: int, reason: str = "") -> bytes:
    """Return a close frame; the reason is cut where it would make the frame longer than a control frame may
    be."""
    # The payload of a control frame has at most 125 bytes, two of which are the code.
    return frame(code.to_bytes(2, "big") + reason.encode()[:123], CLOSE)
