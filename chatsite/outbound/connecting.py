"""Connect to servers that strangers named: to public addresses alone, within seconds and bytes.

An address is judged after DNS has named it, and the connection goes to that very address (docs/decisions/031). Runs in
child processes and imports nothing of the site.
"""

import http.client
import io
import socket
import ssl
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address
from time import monotonic
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from chatsite.outbound.addresses import Network, may_connect

# Seconds until one address takes a connection. All of a job ends at `Rules.end`.
CONNECT_TIMEOUT_SECONDS = 4.0
MAX_ADDRESSES = 4
MAX_URL_LENGTH, MAX_HOST_LENGTH = 2000, 253
# Bytes of an answer before its body. http.client bounds the number of headers and the length of each besides.
MAX_HEAD_BYTES = 65_536
# Characters that stay as they are in a path, and in a query.
PATH_SAFE = "/%:@!$&'()*+,;=~-._"
QUERY_SAFE = PATH_SAFE + "?"
PORTS = {"http": 80, "https": 443}


class Refused(Exception):
    """Nothing goes there. `reason` is a word for tests: "url", "host", "address", "unreachable", "late",
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
