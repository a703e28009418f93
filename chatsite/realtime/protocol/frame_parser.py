"""Parse a client's websocket frames, in any chunks and any fragments, into messages."""

from typing import NamedTuple

from chatsite.realtime.protocol.frames import (
    BINARY,
    CLOSE,
    CLOSE_CODES,
    CONTINUATION,
    MESSAGE_BYTES,
    NOT_UTF8,
    PONG,
    PROTOCOL,
    TEXT,
    TOO_BIG,
    Message,
    WebSocketError,
)


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


def parse_single_frame(data: bytes) -> Message | None:
    """Return the message of data that is one whole, final text frame of less than 126 bytes, as it nearly
    always is. None for all other data, which is for a FrameParser. Raises WebSocketError for text that isn't
    UTF-8."""
    size = len(data) - 6
    if not 0 <= size < 126 or data[0] != 0x80 | TEXT or data[1] != 0x80 | size:
        return None
    if size == 1 and (character := data[2] ^ data[6]) < 128:
        return ONE_CHARACTER_MESSAGES[character]
    return to_message(TEXT, unmask(data[6:], data[2:6]))


# All messages of one ASCII character; pongs are such.
ONE_CHARACTER_MESSAGES = [Message(TEXT, bytes([code]), chr(code)) for code in range(128)]


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
        while (header := self._header(data, position)) is not None:
            payload = unmask(data[header.start : header.end], header.mask)
            position = header.end
            message = self._message(header, payload)
            if message is not None:
                messages.append(message)
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
