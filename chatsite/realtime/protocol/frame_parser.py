"""A client's websocket frames, in any chunks and any fragments, to messages. No input or output happens here."""

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
    final: bool
    opcode: int
    mask: bytes
    start: int
    end: int


def unmask(payload: bytes, mask: bytes) -> bytes:
    """One exclusive-or of two big integers: a loop over bytes in Python takes 0.29 s a megabyte."""
    size = len(payload)
    key = int.from_bytes((mask * (size // 4 + 1))[:size], "little")
    return (int.from_bytes(payload, "little") ^ key).to_bytes(size, "little")


def alone(data: bytes) -> Message | None:
    """The message, where `data` is one whole, final text frame of less than 126 bytes, as it nearly always is. None
    says nothing: that is for a Parser."""
    size = len(data) - 6
    if not 0 <= size < 126 or data[0] != 0x80 | TEXT or data[1] != 0x80 | size:
        return None
    if size == 1 and (character := data[2] ^ data[6]) < 128:
        return SINGLE[character]
    return checked(TEXT, unmask(data[6:], data[2:6]))


# Every message of one ASCII character: a pong is one.
SINGLE = [Message(TEXT, bytes([code]), chr(code)) for code in range(128)]


class FrameParser:
    """Takes a client's bytes in any chunks; `feed` raises WebSocketError and nothing else, and then it is over.

    `fragments` counts the frames that were no message of their own, for whoever takes it back to 0.
    """

    __slots__ = ("_awaited", "_buffer", "_fragments", "_opcode", "fragments")

    def __init__(self) -> None:
        # Bytes that grow in place, where there are any.
        self._buffer: bytearray | bytes = b""
        # Bytes of the buffer before which its first frame isn't whole, as far as its header tells.
        self._awaited = 0
        self._opcode = CONTINUATION
        self._fragments: bytearray | None = None
        self.fragments = 0

    @property
    def idle(self) -> bool:
        """Nothing is unfinished: another parser would do as well."""
        return not self._buffer and self._fragments is None

    @property
    def kept(self) -> int:
        """Bytes of what is unfinished."""
        return len(self._buffer) + len(self._fragments or b"")

    def feed(self, data: bytes) -> list[Message]:
        """Every message that is whole now, in order; the bytes of an unfinished frame are kept."""
        if self._buffer:
            self._buffer += data
            if len(self._buffer) < self._awaited:
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
        """The next frame's header, or None while the frame isn't whole. Limits are checked before its payload is."""
        self._awaited = 0
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
            self._awaited = start + size - position
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
            return checked(header.opcode, payload)
        return self._fragment(header, payload)

    def _fragment(self, header: Header, payload: bytes) -> Message | None:
        self.fragments += 1
        if self._fragments is None:
            self._opcode, self._fragments = header.opcode, bytearray()
        self._fragments += payload
        if not header.final:
            return None
        whole, self._fragments = bytes(self._fragments), None
        return checked(self._opcode, whole)


def checked(opcode: int, payload: bytes) -> Message:
    return Message(opcode, payload, decoded(payload) if opcode == TEXT else "")


def decoded(payload: bytes) -> str:
    try:
        return payload.decode()
    except UnicodeDecodeError:
        raise WebSocketError(NOT_UTF8, "the text is not UTF-8") from None


def check_close(payload: bytes) -> None:
    """A close frame is empty, or a code that may be sent and a reason in UTF-8."""
    if not payload:
        return
    if len(payload) < 2 or int.from_bytes(payload[:2], "big") not in CLOSE_CODES:
        raise WebSocketError(PROTOCOL, "the close code is not a valid one")
    decoded(payload[2:])
