"""Socket.IO packets of namespace "/": a client's are decoded strictly (four types, JSON of bounded size and depth),
ours are encoded as websocket frames, once for all their receivers."""

import json
import re
from math import isfinite
from typing import Any, NamedTuple

import orjson

from chatsite.realtime.protocol.frames import frame

CONNECT, DISCONNECT, EVENT, ACK = "0", "1", "2", "3"
MAX_NESTING = 16
# Bytes of one packet as compact JSON in UTF-8, whatever escapes the client used.
PACKET_BYTES = 64 * 1024
# JSON values in one packet; an event of the contract has ten. Thirty thousand take as long as many events.
MAX_VALUES = 512
# Characters that are at most PACKET_BYTES in UTF-8, whichever they are: four bytes each.
ALWAYS_FITS_CHARACTERS = PACKET_BYTES // 4
# Digits of a number: 20 hold any 64-bit integer, and parsing longer ones takes quadratic time.
MAX_DIGITS = 20

HEADER = re.compile(r"([0-3])(?:(/[^,\[{]{0,256})(?:,|$))?([0-9]{0,15})", re.ASCII)
STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
BRACKET = re.compile(r"[\[\]{}]")
NAME = re.compile(r'\s*\[\s*"([^"\\]{0,64})"')
WHITESPACE = " \t\n\r"


class PacketError(Exception):
    """The client broke the protocol."""


class Unreadable(PacketError):
    """An event with a good header and bad JSON. `number` is the id of the ack it asked for, None for none;
    `name` is the event's, empty where that can't be read."""

    def __init__(self, number: int | None, name: str, reason: str) -> None:
        super().__init__(reason)
        self.number, self.name = number, name


class Oversized(Unreadable):
    """An event of more than PACKET_BYTES."""


class Packet(NamedTuple):
    """A decoded packet. `namespace` is empty for "/"; `number` is an ack's id; `data` is None where the
    packet had none."""

    kind: str
    namespace: str
    number: int | None
    data: Any


def decode(text: str) -> Packet:
    """Decode one packet. Raises PacketError for anything but a packet of the contract: Oversized and
    Unreadable for an event that can be answered."""
    header = HEADER.match(text)
    if header is None:
        raise PacketError("not a packet of the contract")
    kind, namespace, digits = header[1], (header[2] or "").partition("?")[0], header[3]
    number = int(digits) if digits else None
    if number is not None and kind in (CONNECT, DISCONNECT):
        raise PacketError("a number where there is none")
    body = text[header.end() :]
    large = len(body) > ALWAYS_FITS_CHARACTERS
    if large and minimum_bytes(body) > PACKET_BYTES:
        raise oversized(kind, number, body)
    try:
        data = parse(body) if body else None
    except (ValueError, RecursionError) as error:
        if kind == EVENT and is_too_complex(error):
            raise Unreadable(number, event_name(body), str(error)) from None
        raise PacketError(f"the JSON is not valid: {str(error)[:80]}") from None
    check_kind(kind, data)
    if large and utf8_bytes(body) > PACKET_BYTES and len(to_json(data)) > PACKET_BYTES:
        raise oversized(kind, number, body)
    return Packet(kind, "" if namespace == "/" else namespace, number, data)


def oversized(kind: str, number: int | None, body: str) -> PacketError:
    """Return the error of a packet of more than PACKET_BYTES."""
    return Oversized(number, event_name(body), "too large") if kind == EVENT else PacketError("too large")


def event_name(body: str) -> str:
    """Return the event's name without parsing the rest; empty where the name isn't written plainly."""
    name = NAME.match(body)
    return name[1] if name else ""


def utf8_bytes(text: str) -> int:
    """Return the bytes of the text in UTF-8."""
    return len(text) if text.isascii() else len(text.encode())


def minimum_bytes(body: str) -> int:
    """Return a lower bound of the bytes of `body` as compact JSON. Doubled keys and drawn-out numbers, which
    no encoder writes, may pass it. Counting takes a tenth of the time of parsing."""
    escaped = 5 * body.count("\\u") + body.count("\\/")
    return utf8_bytes(body) - escaped - sum(map(body.count, WHITESPACE))


class TooComplex(ValueError):
    """Valid JSON with more nesting, more values or longer numbers than any client needs."""


def is_too_complex(error: Exception) -> bool:
    """Return whether parsing failed on valid JSON that exceeds the limits."""
    return isinstance(error, TooComplex | RecursionError)


def check_kind(kind: str, data: Any) -> None:
    """Raise PacketError unless `data` fits the packet type: CONNECT takes an object or nothing, EVENT a list
    that starts with a name, ACK a list, DISCONNECT nothing."""
    if kind == CONNECT and not (data is None or isinstance(data, dict)):
        raise PacketError("auth is not an object")
    if kind == DISCONNECT and data is not None:
        raise PacketError("a DISCONNECT with data")
    if kind == EVENT and not (isinstance(data, list) and data and isinstance(data[0], str)):
        raise PacketError("an event without a name")
    if kind == ACK and not isinstance(data, list):
        raise PacketError("an ACK without a list")


def parse(body: str) -> Any:
    """Parse JSON. Raises ValueError for invalid JSON, NaN and infinities, TooComplex beyond MAX_NESTING,
    MAX_VALUES and MAX_DIGITS."""
    brackets = body.count("[") + body.count("{")
    if brackets > MAX_NESTING or brackets + body.count(",") > MAX_VALUES:
        check_shape(body)
    if body[:1] in WHITESPACE:
        return _decoder.decode(body)
    # What `decode` does, without its two searches for blanks, of which clients send none.
    value, end = _decoder.raw_decode(body)
    if end < len(body) and body[end:].strip(WHITESPACE):
        raise json.JSONDecodeError("Extra data", body, end)
    return value


def check_shape(body: str) -> None:
    """Raise TooComplex by counting brackets and commas outside of strings. The quotes are bounded first, so
    that removing the strings takes bounded time."""
    if body.count('"') - body.count('\\"') > 4 * MAX_VALUES:
        raise TooComplex("too many values")
    shape = STRING.sub("", body)
    if sum(map(shape.count, ",[{")) > MAX_VALUES:
        raise TooComplex("too many values")
    if depth(shape) > MAX_NESTING:
        raise TooComplex("nested too deeply")


def depth(shape: str) -> int:
    """Return the nesting of brackets, counted up to one beyond MAX_NESTING."""
    deepest = level = 0
    for bracket in BRACKET.findall(shape):
        if bracket in "[{":
            level += 1
            deepest = max(deepest, level)
            if deepest > MAX_NESTING:
                break
        else:
            level -= 1
    return deepest


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise TooComplex("a number is too long")
    return int(digits)


def _float(digits: str) -> float:
    if len(digits) > 64:
        raise TooComplex("a number is too long")
    number = float(digits)
    if not isfinite(number):
        raise TooComplex("a number is too large")
    return number


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_decoder = json.JSONDecoder(parse_int=_integer, parse_float=_float, parse_constant=_constant)


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


DISCONNECT_FRAME = frame(b"41")
PING_FRAME = frame(b"2")
PROBED_FRAME = frame(b"3probe")
NOOP_FRAME = frame(b"6")
CLOSED_FRAME = frame(b"1")
