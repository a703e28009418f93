"""Socket.IO packets from clients, read strictly: namespace "/" and four packet types, JSON of bounded size and depth."""

import json
import re
from math import isfinite
from typing import Any, NamedTuple

from chatsite.realtime.protocol import encoder

CONNECT, DISCONNECT, EVENT, ACK = "0", "1", "2", "3"
DEPTH = 16
# Bytes of one packet as compact JSON in UTF-8, however it was escaped on its way.
PACKET_BYTES = 64 * 1024
# Values in one packet; an event of the contract has ten. Thirty thousand of them take as long as many events.
VALUES = 512
# Characters of a packet that is within PACKET_BYTES, whatever they are.
SURELY_FITS = PACKET_BYTES // 4
# Past this a number names nothing: 20 digits hold any 64-bit integer, and parsing longer ones takes quadratic time.
DIGITS = 20

HEADER = re.compile(r"([0-3])(?:(/[^,\[{]{0,256})(?:,|$))?([0-9]{0,15})", re.ASCII)
STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
BRACKET = re.compile(r"[\[\]{}]")
NAME = re.compile(r'\s*\[\s*"([^"\\]{0,64})"')
WHITESPACE = " \t\n\r"


class PacketError(Exception):
    """The client broke the protocol."""


class Unreadable(PacketError):
    """An event whose header was fine and whose JSON was not; `number` is the ack it asked for, `name` empty where that
    can't be read."""

    def __init__(self, number: int | None, name: str, reason: str) -> None:
        super().__init__(reason)
        self.number, self.name = number, name


class Oversized(Unreadable):
    """An event of more than PACKET_BYTES."""


class Packet(NamedTuple):
    """`namespace` is empty for "/"; `number` is an ack's; `data` is None where there was none."""

    kind: str
    namespace: str
    number: int | None
    data: Any


def decode(text: str) -> Packet:
    header = HEADER.match(text)
    if header is None:
        raise PacketError("not a packet of the contract")
    kind, namespace, digits = header[1], (header[2] or "").partition("?")[0], header[3]
    number = int(digits) if digits else None
    if number is not None and kind in (CONNECT, DISCONNECT):
        raise PacketError("a number where there is none")
    body = text[header.end() :]
    large = len(body) > SURELY_FITS
    if large and least_bytes(body) > PACKET_BYTES:
        raise oversized(kind, number, body)
    try:
        data = parse(body) if body else None
    except (ValueError, RecursionError) as error:
        if kind == EVENT and is_nested(error):
            raise Unreadable(number, name_in(body), str(error)) from None
        raise PacketError(f"the JSON is not valid: {str(error)[:80]}") from None
    check(kind, data)
    if large and utf8_bytes(body) > PACKET_BYTES and len(encoder.to_json(data)) > PACKET_BYTES:
        raise oversized(kind, number, body)
    return Packet(kind, "" if namespace == "/" else namespace, number, data)


def oversized(kind: str, number: int | None, body: str) -> PacketError:
    return Oversized(number, name_in(body), "too large") if kind == EVENT else PacketError("too large")


def name_in(body: str) -> str:
    """The event's name, without parsing what is behind it; empty where it isn't written plainly."""
    name = NAME.match(body)
    return name[1] if name else ""


def utf8_bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode())


def least_bytes(body: str) -> int:
    """A floor under the bytes of `body` as compact JSON, but for doubled keys and drawn-out numbers, which nobody's encoder
    writes. Counting takes a tenth of the time of parsing, which what is too large anyway would cost."""
    escaped = 5 * body.count("\\u") + body.count("\\/")
    return utf8_bytes(body) - escaped - sum(map(body.count, WHITESPACE))


class TooMuch(ValueError):
    """Valid JSON that is deeper, or has more values or longer numbers, than anything a client needs."""


def is_nested(error: Exception) -> bool:
    return isinstance(error, TooMuch | RecursionError)


def check(kind: str, data: Any) -> None:
    """CONNECT takes an object or nothing, EVENT a list that starts with a name, ACK a list."""
    if kind == CONNECT and not (data is None or isinstance(data, dict)):
        raise PacketError("auth is not an object")
    if kind == DISCONNECT and data is not None:
        raise PacketError("a DISCONNECT with data")
    if kind == EVENT and not (isinstance(data, list) and data and isinstance(data[0], str)):
        raise PacketError("an event without a name")
    if kind == ACK and not isinstance(data, list):
        raise PacketError("an ACK without a list")


def parse(body: str) -> Any:
    """JSON; ValueError for what is none, for NaN and the infinities; TooMuch beyond DEPTH, VALUES and DIGITS."""
    brackets = body.count("[") + body.count("{")
    if brackets > DEPTH or brackets + body.count(",") > VALUES:
        check_shape(body)
    return _decoder.decode(body)


def check_shape(body: str) -> None:
    """Raises TooMuch. Brackets and commas in strings don't count; nor do the quotes in them, so that those are few."""
    if body.count('"') - body.count('\\"') > 4 * VALUES:
        raise TooMuch("too many values")
    shape = STRING.sub("", body)
    if sum(map(shape.count, ",[{")) > VALUES:
        raise TooMuch("too many values")
    if depth(shape) > DEPTH:
        raise TooMuch("nested too deeply")


def depth(shape: str) -> int:
    """How deep the brackets go; counting stops just beyond DEPTH."""
    deepest = level = 0
    for bracket in BRACKET.findall(shape):
        if bracket in "[{":
            level += 1
            deepest = max(deepest, level)
            if deepest > DEPTH:
                break
        else:
            level -= 1
    return deepest


def _integer(digits: str) -> int:
    if len(digits) > DIGITS:
        raise TooMuch("a number is too long")
    return int(digits)


def _float(digits: str) -> float:
    if len(digits) > 64:
        raise TooMuch("a number is too long")
    number = float(digits)
    if not isfinite(number):
        raise TooMuch("a number is too large")
    return number


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_decoder = json.JSONDecoder(parse_int=_integer, parse_float=_float, parse_constant=_constant)
