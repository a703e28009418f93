"""The HTTP connections of this process: whose they are, what they are doing, and which of them make room for others.

Whoever is waited for (for a request, its body, or for an answer to be taken) holds one of `worker_connections` places
for as long as that takes. Where places run short, the address that holds most of them gives some back, its slowest first.
"""

import heapq
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from enum import Enum
from itertools import islice
from time import monotonic
from typing import Any

from django.conf import settings

from chatsite.realtime.limits.limits import is_here

# Seconds in which a good client has asked, whom nobody puts out before.
SPARED_SECONDS = 2.0
# The share of the places that is kept free, and the share that is made free at once where it isn't: of ten thousand 78,
# whose ends take 30 ms; and the fewest.
KEPT_FREE, FREED, FEWEST_FREED = 1 / 8, 1 / 128, 8
# Seconds between two looks at them; the addresses that are looked at, those with most first, and the connections of one,
# its oldest: ten thousand took 50 ms, and again each time.
LOOK_SECONDS, ADDRESSES_LOOKED_AT, LOOKED_AT = 0.1, 8, 1000


class Doing(Enum):
    """What a connection is waited for; or ANSWERING, when it waits for us and is never put out, or LEAVING, put out."""

    ASKING = "asking"
    IDLE = "idle"
    SENDING = "sending its body"
    TAKING = "taking its answer"
    ANSWERING = "answering"
    LEAVING = "leaving"


WAITED_FOR = frozenset({Doing.ASKING, Doing.IDLE, Doing.SENDING, Doing.TAKING})


class HttpConnection:
    """`address` is the peer's, and where TRUST_PROXY is set the one that the last request came from by the proxy.
    `held` are bytes of its request's body in memory."""

    __slots__ = ("address", "client", "doing", "held", "since")

    def __init__(self, client: Any, address: str) -> None:
        self.client, self.address = client, address
        self.doing, self.since = Doing.ASKING, monotonic()
        self.held = 0

    def begins(self, doing: Doing) -> None:
        self.doing, self.since = doing, monotonic()

    def begins_answer(self) -> None:
        self.begins(Doing.ANSWERING)
        # What is left of its body is read by the view.
        self.client.allow_at_least_rate()

    def begins_taking(self) -> None:
        self.begins(Doing.TAKING)
        self.client.allow_at_least_rate()

    def speed(self, now: float) -> tuple[float, float]:
        """Bytes in a second of what is waited for; of two that are as slow, the one that began earlier comes first."""
        moved = self.client.moved if self.doing in (Doing.SENDING, Doing.TAKING) else 0
        return moved / max(now - self.since, 0.001), self.since

    def close(self) -> None:
        # Where it has gone already, its greenlet will notice.
        with suppress(OSError):
            self.client.shutdown(socket.SHUT_RDWR)


class HttpConnections:
    """`places` is how many there may be. Each address has no more than HTTP_CONNECTIONS_PER_ADDRESS of them."""

    def __init__(self, places: int) -> None:
        self._places = places
        # In the order in which they came.
        self._all: dict[HttpConnection, None] = {}
        self._of: Counter[str] = Counter()
        self._next_look = 0.0
        # Bytes of bodies in memory.
        self.held = 0

    def __len__(self) -> int:
        return len(self._all)

    def add(self, connection: HttpConnection) -> None:
        self._all[connection] = None
        self._of[connection.address] += 1

    def remove(self, connection: HttpConnection) -> None:
        self._all.pop(connection, None)
        self.hold(connection, 0)
        self._subtract(connection.address)

    def move(self, connection: HttpConnection, address: str) -> None:
        """It turns out to be another address's, by what the proxy says."""
        if address != connection.address:
            self._subtract(connection.address)
            self._of[address] += 1
            connection.address = address

    def hold(self, connection: HttpConnection, length: int) -> None:
        self.held += length - connection.held
        connection.held = length

    def _subtract(self, address: str) -> None:
        self._of[address] -= 1
        if not self._of[address]:
            del self._of[address]

    def admits(self, address: str) -> bool:
        """Whether the address may have one more; its slowest makes room where it has as many as it may."""
        most = settings.HTTP_CONNECTIONS_PER_ADDRESS
        if not most or self._of.get(address, 0) < most or not address or is_here(address):
            return True
        return self._put_out(address, max(1, int(most * FREED))) > 0

    def make_room(self, free: int) -> bool:
        """Keep some places free, of which there are `free`. False where there is none, and none becomes free now."""
        if free > self._places * KEPT_FREE:
            return True
        now = monotonic()
        if now < self._next_look:
            return free > 0
        self._next_look = now + LOOK_SECONDS
        for address, _ in self._of.most_common(ADDRESSES_LOOKED_AT):
            if self._put_out(address, max(FEWEST_FREED, int(self._places * FREED))):
                break
        return free > 0

    def _waited_for(self, now: float) -> Iterator[HttpConnection]:
        until = now - SPARED_SECONDS
        return (each for each in self._all if each.doing in WAITED_FOR and each.since <= until)

    def _put_out(self, address: str, count: int) -> int:
        """How many of the slowest of the address's oldest were closed, `count` at most."""
        now = monotonic()
        theirs = (each for each in self._waited_for(now) if each.address == address)
        slowest = heapq.nsmallest(count, islice(theirs, LOOKED_AT), key=lambda each: each.speed(now))
        for each in slowest:
            self._close(each)
        return len(slowest)

    def _close(self, connection: HttpConnection) -> None:
        connection.begins(Doing.LEAVING)
        self.hold(connection, 0)
        connection.close()

    def put_out_heaviest(self) -> bool:
        """Close the slowest of those whose bodies are in memory, of the address that has most there. False for none."""
        now = monotonic()
        sending = [each for each in self._waited_for(now) if each.doing is Doing.SENDING and each.held]
        held: Counter[str] = Counter()
        for each in sending:
            held[each.address] += each.held
        if not held:
            return False
        (address, _), *_ = held.most_common(1)
        slowest = min((each for each in sending if each.address == address), key=lambda each: each.speed(now))
        self._close(slowest)
        return True

    def unasked(self) -> bool:
        """Whether somebody was let in who hasn't said a word."""
        return any(each.doing is Doing.ASKING for each in self._all)
