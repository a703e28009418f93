"""Fetch from strangers' servers over HTTP, within bytes and seconds, and from public addresses alone.

An address is judged after DNS has named it, and the connection goes to that very address; each redirect begins anew. No
cookie, no credentials, no proxy of the environment.
"""

import http.client
import io
import socket
import ssl
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from ipaddress import ip_address
from time import monotonic
from typing import Any, NamedTuple
from urllib.parse import quote, urljoin, urlsplit

from previews.fetching.addresses import Network, may_connect

# Seconds until one address takes a connection. All of a job ends at `Rules.end`.
CONNECT_TIMEOUT_SECONDS = 4.0
MAX_REDIRECTS, MAX_ADDRESSES = 5, 4
MAX_URL_LENGTH, MAX_HOST_LENGTH = 2000, 253
# Bytes of an answer before its body. http.client bounds the number of headers and the length of each besides.
MAX_HEAD_BYTES = 65_536
# Bytes of an answer's body as they come: more than any that is wanted. Marks of chunks, and what unpacks to nothing, need
# not end.
MAX_BODY_BYTES = 6_000_000
# Bytes that are read at once.
PIECE_BYTES = 16_384
USER_AGENT = "Mozilla/5.0 (compatible; Chatsite; link preview)"
# Characters that stay as they are in a path, and in a query.
PATH_SAFE = "/%:@!$&'()*+,;=~-._"
QUERY_SAFE = PATH_SAFE + "?"
REDIRECTS = {301, 302, 303, 307, 308}
# Of `Content-Encoding`, those that are read.
COMPRESSED = {"gzip", "x-gzip", "deflate"}


class Refused(Exception):
    """Nothing is fetched from there. `reason` is a word for tests: "url", "host", "address", "unreachable", "late",
    "redirects", "status", "type", "size" or "broken"."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True)
class Rules:
    """What bounds a job: its end (monotonic), hosts that are never asked, and networks that tests allow."""

    end: float
    hosts: Sequence[str] = ()
    networks: Sequence[Network] = ()

    def left(self) -> float:
        """Return the seconds that are left. Raises Refused."""
        left = self.end - monotonic()
        if left <= 0:
            raise Refused("late")
        return left


class Target(NamedTuple):
    """Where a URL leads; `path` is with its query, and ASCII."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def url(self) -> str:
        """The URL, without its fragment."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.path}"


PORTS = {"http": 80, "https": 443}


def target_of(url: str) -> Target:
    """Return where a URL leads. Raises Refused for what isn't of the web, and for user names in it."""
    try:
        parts = urlsplit(url)
        usual = PORTS[parts.scheme]
        port = parts.port or usual
        host = (parts.hostname or "").encode("idna").decode().rstrip(".")
        if ":" in host:
            host = str(ip_address(host))
    except (ValueError, KeyError):
        raise Refused("url") from None
    if not 0 < len(host) <= MAX_HOST_LENGTH or len(url) > MAX_URL_LENGTH or "@" in parts.netloc:
        raise Refused("url")
    path = quote(parts.path or "/", PATH_SAFE) + (f"?{quote(parts.query, QUERY_SAFE)}" if parts.query else "")
    return Target(parts.scheme, host.lower(), port, path)


@dataclass
class Answer:
    """What a server sent: where it came from in the end, its type, the charset in its header, and its body."""

    url: str
    type: str
    charset: str | None
    pieces: Iterator[bytes] = field(repr=False)

    def read(self, most: int) -> bytes:
        """Return the whole body. Raises Refused for more than `most` bytes."""
        data = b""
        for piece in self.pieces:
            data += piece
            if len(data) > most:
                raise Refused("size")
        return data

    def read_until(self, mark: bytes, most: int) -> bytes:
        """Return the body up to about `mark`, at most `most` bytes."""
        data = b""
        for piece in self.pieces:
            seen = max(0, len(data) - len(mark))
            data += piece
            if len(data) >= most or mark in data[seen:].lower():
                break
        return data[:most]


@contextmanager
def fetched(url: str, types: Sequence[str], rules: Rules) -> Iterator[Answer]:
    """Fetch a URL for the block, in which its body is read; `types` are beginnings of those that are taken. Raises
    Refused."""
    target = target_of(url)
    for _ in range(MAX_REDIRECTS + 1):
        with asked(target, types, rules) as (response, reader):
            if response.status not in REDIRECTS:
                yield answer_of(target, response, reader, types)
                return
            target = next_target(target, response.getheader("Location"))
    raise Refused("redirects")


def next_target(target: Target, location: str | None) -> Target:
    """Return where a redirect leads; never from https to http."""
    if not location:
        raise Refused("redirects")
    try:
        # Bytes beyond ASCII come as Latin-1.
        onward = target_of(urljoin(target.url, location.encode("latin-1").decode("utf-8", "replace")))
    except ValueError:
        raise Refused("url") from None
    if (target.scheme, onward.scheme) == ("https", "http"):
        raise Refused("redirects")
    return onward


@contextmanager
def asked(
    target: Target, types: Sequence[str], rules: Rules
) -> Iterator[tuple[http.client.HTTPResponse, "BoundedReader"]]:
    """Send a request for the block, and return its answer's head with what reads on. Raises Refused."""
    if is_refused(target.host, rules.hosts):
        raise Refused("host")
    link = connected(target, rules)
    try:
        with translated_errors():
            bounded = BoundedSocket(secured(link, target, rules) if target.scheme == "https" else link, rules)
            yield sent(bounded, target, types), bounded.reader
    finally:
        link.close()


def is_refused(host: str, hosts: Sequence[str]) -> bool:
    """Return whether the host is one of `hosts`, as Django's ALLOWED_HOSTS has them: addresses of IPv6 in brackets, and
    with a dot before it a name with all below it."""
    names = [name.strip("[]") for name in hosts]
    return any(host == name.lstrip(".") or (name[0] == "." and host.endswith(name)) for name in names if name)


@contextmanager
def translated_errors() -> Iterator[None]:
    """Raise Refused for what servers do."""
    try:
        yield
    except TimeoutError:
        raise Refused("late") from None
    except (OSError, http.client.HTTPException, zlib.error, ValueError):
        # ssl.SSLError is an OSError.
        raise Refused("broken") from None


def sent(link: "BoundedSocket", target: Target, types: Sequence[str]) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(target.host, target.port)
    connection.default_port = PORTS[target.scheme]
    # It must not connect by itself.
    connection.auto_open = 0
    connection.sock = link
    connection.putrequest("GET", target.path, skip_accept_encoding=True)
    wanted = ", ".join(f"{type_}*" if type_.endswith("/") else type_ for type_ in types)
    for name, value in (
        ("User-Agent", USER_AGENT),
        ("Accept", wanted),
        ("Accept-Encoding", "identity"),
        ("Connection", "close"),
    ):
        connection.putheader(name, value)
    connection.endheaders()
    return connection.getresponse()


def answer_of(
    target: Target, response: http.client.HTTPResponse, reader: "BoundedReader", types: Sequence[str]
) -> Answer:
    """Return the answer, if it is of one of the types."""
    if response.status != 200:
        raise Refused("status")
    type_ = response.headers.get_content_type()
    if "Content-Type" not in response.headers or not type_.startswith(tuple(types)):
        raise Refused("type")
    reader.allowance = MAX_BODY_BYTES
    return Answer(target.url, type_, response.headers.get_content_charset(), body(response))


def body(response: http.client.HTTPResponse) -> Iterator[bytes]:
    """Yield the body as it comes, decompressed where a server compresses it unasked: in pieces, however small a bomb is."""
    encoding = response.getheader("Content-Encoding", "identity").strip().lower()
    if encoding not in {"identity", "", *COMPRESSED}:
        raise Refused("type")
    # gzip's and zlib's format.
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32) if encoding in COMPRESSED else None
    while data := response.read1(PIECE_BYTES):
        if unpacker is None:
            yield data
            continue
        while data:
            yield unpacker.decompress(data, PIECE_BYTES)
            data = unpacker.unconsumed_tail
        if unpacker.eof:
            return


def connected(target: Target, rules: Rules) -> socket.socket:
    """Connect to the first address of the host that answers. Raises Refused, also if any of them isn't public: no honest
    host is both."""
    found = resolved(target)
    if not all(may_connect(str(place[0]), target.port, rules.networks) for _, place in found):
        raise Refused("address")
    for family, place in found[:MAX_ADDRESSES]:
        left = rules.left()
        link = socket.socket(family, socket.SOCK_STREAM)
        try:
            link.settimeout(min(CONNECT_TIMEOUT_SECONDS, left))
            link.connect(place)
            check_elsewhere(link, rules)
        except OSError:
            link.close()
            continue
        except BaseException:
            link.close()
            raise
        return link
    raise Refused("unreachable")


def resolved(target: Target) -> list[tuple[int, tuple[Any, ...]]]:
    """Return families and socket addresses of the host, each once. Raises Refused."""
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Refused("unreachable") from None
    return list(dict.fromkeys((int(family), place) for family, _, _, _, place in found))


def check_elsewhere(link: socket.socket, rules: Rules) -> None:
    """Raise Refused if the connection goes to this machine: by its public address, things are reached that a firewall
    keeps from others."""
    here, there = link.getsockname()[0], link.getpeername()[0]
    if here == there and not any(ip_address(there) in network for network in rules.networks):
        raise Refused("address")


def secured(link: socket.socket, target: Target, rules: Rules) -> socket.socket:
    """Begin TLS, in which the server proves its name."""
    link.settimeout(rules.left())
    return tls().wrap_socket(link, server_hostname=target.host)


@cache
def tls() -> ssl.SSLContext:
    return ssl.create_default_context()


class BoundedSocket:
    """The part of a socket that http.client uses, whose reads end together at the job's end."""

    def __init__(self, link: socket.socket, rules: Rules) -> None:
        self._link, self._rules = link, rules
        self.reader = BoundedReader(link, rules)

    def sendall(self, data: bytes) -> None:
        self._link.settimeout(self._rules.left())
        self._link.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self.reader)

    def close(self) -> None:
        """Leave the socket open: the answer is read on."""


class BoundedReader(io.RawIOBase):
    """Reads a socket until the job's end, however little comes at once, and at most `allowance` bytes."""

    def __init__(self, link: socket.socket, rules: Rules) -> None:
        self._link, self._rules = link, rules
        self.allowance = MAX_HEAD_BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._link.settimeout(self._rules.left())
        count = self._link.recv_into(buffer)
        self.allowance -= count
        if self.allowance < 0:
            raise Refused("size")
        return count
