"""Post pushes to push services over connections that are kept for a while: their addresses were judged when they began."""

import http.client
import socket
import threading
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import NamedTuple

from chatsite.outbound.connecting import (
    PORTS,
    BoundedSocket,
    Refused,
    Rules,
    Target,
    connected,
    is_refused,
    secured,
    target_of,
    translated_errors,
)

# Bytes of an answer's body that are read.
MAX_ANSWER_BYTES = 16_384
# Seconds for which a connection waits for the next push, and connections to one service that wait.
IDLE_SECONDS, MAX_IDLE_PER_HOST = 20.0, 6
MAX_IDLE = 24
USER_AGENT = "Chatsite"


class Answer(NamedTuple):
    """What a push service answered; `retry_after` as its header has it."""

    status: int
    retry_after: str


@dataclass
class Pool:
    """Connections that wait for the next push to their host. Threads share it."""

    links: dict[Target, list[tuple[float, socket.socket]]] = field(default_factory=lambda: defaultdict(list))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, place: Target) -> socket.socket | None:
        """Return a connection to the place that is still young; None without one."""
        with self.lock:
            while self.links.get(place):
                since, link = self.links[place].pop()
                if monotonic() - since < IDLE_SECONDS:
                    return link
                link.close()
        return None

    def keep(self, place: Target, link: socket.socket) -> None:
        """Keep a connection, or close it if enough wait."""
        with self.lock:
            self._drop_old()
            waiting = sum(map(len, self.links.values()))
            if len(self.links[place]) < MAX_IDLE_PER_HOST and waiting < MAX_IDLE:
                self.links[place].append((monotonic(), link))
                return
        link.close()

    def _drop_old(self) -> None:
        for place, links in list(self.links.items()):
            young = [entry for entry in links if monotonic() - entry[0] < IDLE_SECONDS]
            for _, link in set(links) - set(young):
                link.close()
            self.links[place] = young
            if not young:
                del self.links[place]


pool = Pool()


def post(url: str, body: bytes, headers: Mapping[str, str], rules: Rules) -> Answer:
    """Post a body; a redirect is an answer like others and isn't followed. Raises Refused."""
    target = service_at(url, rules)
    place = target._replace(path="/")
    if kept := pool.take(place):
        with suppress(Refused):
            # The service may have closed it meanwhile; a push that is sent twice replaces itself.
            return posted(place, kept, target, body, headers, rules)
    with translated_errors():
        link = connected(target, rules)
        try:
            link = secured(link, target, rules)
        except BaseException:
            link.close()
            raise
    return posted(place, link, target, body, headers, rules)


def service_at(url: str, rules: Rules) -> Target:
    """Return where an endpoint leads. Raises Refused for what isn't https, and for the site's own hosts."""
    target = target_of(url)
    if target.scheme != "https":
        raise Refused("url")
    if is_refused(target.host, rules.hosts):
        raise Refused("host")
    return target


def posted(
    place: Target, link: socket.socket, target: Target, body: bytes, headers: Mapping[str, str], rules: Rules
) -> Answer:
    """Post over a connection, and keep it where its service does. Raises Refused."""
    reusable = False
    try:
        with translated_errors():
            bounded = BoundedSocket(link, rules)
            response = sent(bounded, target, body, headers)
            bounded.reader.allowance = MAX_ANSWER_BYTES
            response.read()
            reusable = not response.will_close
            return Answer(response.status, response.getheader("Retry-After", ""))
    finally:
        if reusable:
            pool.keep(place, link)
        else:
            link.close()


def sent(
    link: BoundedSocket, target: Target, body: bytes, headers: Mapping[str, str]
) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(target.host, target.port)
    connection.default_port = PORTS[target.scheme]
    # It must not connect by itself.
    connection.auto_open = 0
    connection.sock = link
    connection.putrequest("POST", target.path, skip_accept_encoding=True)
    for name, value in {"User-Agent": USER_AGENT, "Content-Length": str(len(body)), **headers}.items():
        connection.putheader(name, value)
    connection.endheaders(body)
    return connection.getresponse()
