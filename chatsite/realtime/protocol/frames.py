"""RFC 6455 frames: the handshake's key, encoding, and parsing a client's, in any chunks and any fragments.

No extensions: permessage-deflate would cost a compressor for each socket.
"""

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from hashlib import sha1
from typing import NamedTuple

# Bytes of one message on the wire, in one frame or many: a text of 10,000 emoji, each escaped to twelve ASCII
# characters as python-socketio does, is 120 KB. Its packet may be smaller: `packets.PACKET_BYTES`.
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


class Header(NamedTuple):
    """One frame's header: `final` and `opcode`, the 4 bytes of `mask`, and where the payload starts and ends
    in the data."""

    final: bool
    opcode: int
    mask: bytes
    start: int
    end: int


def unmask(payload: bytes, mask: bytes) -> bytes:
    """Unmask by one exclusive-or of two big integers: a loop over bytes in Python takes 0.29 s a megabyte."""
    size = len(payload)
    key = int.from_bytes((mask * (size // 4 + 1))[:size], "little")
    return (int.from_bytes(payload, "little") ^ key).to_bytes(size, "little")


def parse_text_frame(data: bytes, position: int = 0) -> tuple[Message, int] | None:
    """Return the message of a whole, final text frame of less than 64 KiB that begins at `position`, as nearly all do, and
    where it ends. None for any other, which is for a FrameParser. Raises WebSocketError for text that isn't UTF-8."""
    start = position + 6
    if start > len(data) or data[position] != 0x80 | TEXT:
        return None
    size = data[position + 1] - 0x80
    if size == 126:
        size = int.from_bytes(data[position + 2 : position + 4], "big")
        start += 2
        if size < 126:
            return None
    elif not 0 <= size < 126:
        return None
    end = start + size
    if end > len(data):
        return None
    if size == 1 and (character := data[start - 4] ^ data[start]) < 128:
        return ONE_CHARACTER_MESSAGES[character], end
    payload = unmask(data[start:end], data[start - 4 : start])
    return Message(TEXT, payload, decode_utf8(payload)), end


# All messages of one ASCII character; pongs are such.
ONE_CHARACTER_MESSAGES = [Message(TEXT, bytes([code]), chr(code)) for code in range(128)]
# Engine.IO's pong, as nearly every client sends it: alone, in one frame.
PONG_PACKET = ONE_CHARACTER_MESSAGES[ord("3")]


class FrameParser:
    """Parse a client's bytes in any chunks. After a WebSocketError, the only exception `feed` raises, it must
    not be fed again.

    `fragments` counts frames that weren't whole messages; the caller resets it to 0.
    """

    __slots__ = ("_buffer", "_fragments", "_needed_bytes", "_opcode", "fragments")

    def __init__(self) -> None:
        # A bytearray that grows in place while a frame is unfinished.
        self._buffer: bytearray | bytes = b""
        # Bytes that the buffer's first frame needs to be whole, as far as its header tells; 0 if unknown.
        self._needed_bytes = 0
        self._opcode = CONTINUATION
        self._fragments: bytearray | None = None
        self.fragments = 0

    @property
    def idle(self) -> bool:
        """Whether nothing is unfinished, so that a new parser would do as well."""
        return not self._buffer and self._fragments is None

    @property
    def unfinished_bytes(self) -> int:
        """Bytes kept of an unfinished frame or message."""
        return len(self._buffer) + len(self._fragments or b"")

    def feed(self, data: bytes) -> list[Message]:
        """Return all messages that are whole now, in order; keep the bytes of an unfinished frame. Raises
        WebSocketError."""
        if self._buffer:
            self._buffer += data
            if len(self._buffer) < self._needed_bytes:
                return []
            data = bytes(self._buffer)
        messages: list[Message] = []
        position = 0
        while position < len(data):
            if self._fragments is None and (found := parse_text_frame(data, position)) is not None:
                message, position = found
                messages.append(message)
                continue
            if (header := self._header(data, position)) is None:
                break
            payload = unmask(data[header.start : header.end], header.mask)
            position = header.end
            if (whole := self._message(header, payload)) is not None:
                messages.append(whole)
        self._buffer = bytearray(data[position:]) if position < len(data) else b""
        return messages

    def _header(self, data: bytes, position: int) -> Header | None:
        """Return the next frame's header, or None while the frame isn't whole. Limits are checked before its
        payload comes."""
        self._needed_bytes = 0
        available = len(data) - position
        if available < 2:
            if available:
                self._check_first(data[position])
            return None
        first, second = data[position], data[position + 1]
        self._check_first(first)
        if not second & 0x80:
            raise WebSocketError(PROTOCOL, "a client's frame has no mask")
        extra = self._extra_bytes(first & 0x0F, second & 0x7F)
        start = position + 6 + extra
        if len(data) < start:
            return None
        size = int.from_bytes(data[position + 2 : start - 4], "big") if extra else second & 0x7F
        self._check_size(first & 0x0F, size, extra)
        if len(data) < start + size:
            self._needed_bytes = start + size - position
            return None
        return Header(bool(first & 0x80), first & 0x0F, data[start - 4 : start], start, start + size)

    def _check_first(self, first: int) -> None:
        opcode = first & 0x0F
        if first & 0x70:
            raise WebSocketError(PROTOCOL, "a reserved bit is set")
        if opcode >= CLOSE:
            if opcode > PONG:
                raise WebSocketError(PROTOCOL, "the opcode is reserved")
            if not first & 0x80:
                raise WebSocketError(PROTOCOL, "a control frame is fragmented")
        elif opcode > BINARY:
            raise WebSocketError(PROTOCOL, "the opcode is reserved")
        elif (opcode == CONTINUATION) != (self._fragments is not None):
            raise WebSocketError(PROTOCOL, "the fragments are out of order")

    def _extra_bytes(self, opcode: int, size: int) -> int:
        if size < 126:
            return 0
        if opcode >= CLOSE:
            raise WebSocketError(PROTOCOL, "a control frame is too long")
        return 2 if size == 126 else 8

    def _check_size(self, opcode: int, size: int, extra: int) -> None:
        if (extra == 2 and size < 126) or (extra == 8 and size < 65536):
            raise WebSocketError(PROTOCOL, "the length isn't in its shortest form")
        if opcode < CLOSE and size + len(self._fragments or b"") > MESSAGE_BYTES:
            raise WebSocketError(TOO_BIG, "the message is too big")

    def _message(self, header: Header, payload: bytes) -> Message | None:
        if header.opcode >= CLOSE:
            if header.opcode == CLOSE:
                check_close(payload)
            return Message(header.opcode, payload)
        if header.final and self._fragments is None:
            return to_message(header.opcode, payload)
        return self._fragment(header, payload)

    def _fragment(self, header: Header, payload: bytes) -> Message | None:
        self.fragments += 1
        if self._fragments is None:
            self._opcode, self._fragments = header.opcode, bytearray()
        self._fragments += payload
        if not header.final:
            return None
        whole, self._fragments = bytes(self._fragments), None
        return to_message(self._opcode, whole)


def to_message(opcode: int, payload: bytes) -> Message:
    """Return the Message of a whole payload. Raises WebSocketError for text that isn't UTF-8."""
    return Message(opcode, payload, decode_utf8(payload) if opcode == TEXT else "")


def decode_utf8(payload: bytes) -> str:
    """Return the payload as text. Raises WebSocketError for other than UTF-8."""
    try:
        return payload.decode()
    except UnicodeDecodeError:
        raise WebSocketError(NOT_UTF8, "the text is not UTF-8") from None


def check_close(payload: bytes) -> None:
    """Raise WebSocketError unless a close frame is empty, or a valid code and a reason in UTF-8."""
    if not payload:
        return
    if len(payload) < 2 or int.from_bytes(payload[:2], "big") not in CLOSE_CODES:
        raise WebSocketError(PROTOCOL, "the close code is not a valid one")
    decode_utf8(payload[2:])
