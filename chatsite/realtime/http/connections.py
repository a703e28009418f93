"""HTTP connections of this process: their addresses and states, and which of them make room for others.

A connection that is waited for (for a request, its body, or until an answer is taken) holds one of
`worker_connections` places. Where places run short, the address that holds most of them loses some, its
slowest first.
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

from chatsite.realtime.limits.limits import is_this_machine

# Seconds in which a good client has sent its request; no connection is put out before.
SPARED_SECONDS = 2.0
# The share of places kept free, and the share freed at once where that is short: 78 of ten thousand, whose
# ends take 30 ms; and the fewest.
KEPT_FREE, FREED, FEWEST_FREED = 1 / 8, 1 / 128, 8
# Seconds between two checks; the addresses checked, those with most connections first; and the oldest
# connections checked of each: all of ten thousand took 50 ms each time.
CHECK_INTERVAL_SECONDS, ADDRESSES_CHECKED, CONNECTIONS_CHECKED = 0.1, 8, 1000


class State(Enum):
    """The state of a connection. In ASKING, IDLE, SENDING and TAKING the server waits for the client, and may close the
    connection to make room; in ANSWERING the client waits for the server; in LEAVING it is being closed."""

    ASKING = "asking"
    IDLE = "idle"
    SENDING = "sending its body"
    TAKING = "taking its answer"
    ANSWERING = "answering"
    LEAVING = "leaving"


WAITED_FOR = frozenset({State.ASKING, State.IDLE, State.SENDING, State.TAKING})


class HttpConnection:
    """A client's connection. `address` is the peer's; where TRUST_PROXY is set, the one that the proxy named
    in the last request. `body_bytes` are the bytes of its request's body in memory."""

    __slots__ = ("address", "body_bytes", "client", "since", "state")

    def __init__(self, client: Any, address: str) -> None:
        self.client, self.address = client, address
        self.state, self.since = State.ASKING, monotonic()
        self.body_bytes = 0

    def set_state(self, state: State) -> None:
        self.state, self.since = state, monotonic()

    def begins_answer(self) -> None:
        self.set_state(State.ANSWERING)
        # The rest of its body is read by the view.
        self.client.allow_at_least_rate()

    def begins_taking(self) -> None:
        self.set_state(State.TAKING)
        self.client.allow_at_least_rate()

    def speed(self, now: float) -> tuple[float, float]:
        """Return bytes per second, and the time of the beginning: of two connections as slow, the earlier one
        comes first."""
        moved = self.client.moved if self.state in (State.SENDING, State.TAKING) else 0
        return moved / max(now - self.since, 0.001), self.since

    def close(self) -> None:
        # If the client has gone already, its greenlet will notice.
        with suppress(OSError):
            self.client.shutdown(socket.SHUT_RDWR)


class HttpConnections:
    """All connections, at most `places`. An address has at most HTTP_CONNECTIONS_PER_ADDRESS of them."""

    def __init__(self, places: int) -> None:
        self._places = places
        # In the order of their coming.
        self._all: dict[HttpConnection, None] = {}
        self._of: Counter[str] = Counter()
        self._next_check = 0.0
        # Bytes of all bodies in memory.
        self.body_bytes = 0

    def __len__(self) -> int:
        return len(self._all)

    def add(self, connection: HttpConnection) -> None:
        self._all[connection] = None
        self._of[connection.address] += 1

    def remove(self, connection: HttpConnection) -> None:
        self._all.pop(connection, None)
        self.set_body_bytes(connection, 0)
        self._subtract(connection.address)

    def move(self, connection: HttpConnection, address: str) -> None:
        """Count the connection for another address, which the proxy has named."""
        if address != connection.address:
            self._subtract(connection.address)
            self._of[address] += 1
            connection.address = address

    def set_body_bytes(self, connection: HttpConnection, length: int) -> None:
        self.body_bytes += length - connection.body_bytes
        connection.body_bytes = length

    def _subtract(self, address: str) -> None:
        self._of[address] -= 1
        if not self._of[address]:
            del self._of[address]

    def admits(self, address: str) -> bool:
        """Return whether the address may have one more connection. At its limit the slowest are closed first."""
        most = settings.HTTP_CONNECTIONS_PER_ADDRESS
        if not most or self._of.get(address, 0) < most or not address or is_this_machine(address):
            return True
        return self._put_out(address, max(1, int(most * FREED))) > 0

    def make_room(self, free: int) -> bool:
        """Keep places free, of which there are `free`. False where there is none, and none becomes free now."""
        if free > self._places * KEPT_FREE:
            return True
        now = monotonic()
        if now < self._next_check:
            return free > 0
        self._next_check = now + CHECK_INTERVAL_SECONDS
        for address, _ in self._of.most_common(ADDRESSES_CHECKED):
            if self._put_out(address, max(FEWEST_FREED, int(self._places * FREED))):
                break
        return free > 0

    def _waited_for(self, now: float) -> Iterator[HttpConnection]:
        until = now - SPARED_SECONDS
        return (each for each in self._all if each.state in WAITED_FOR and each.since <= until)

    def _put_out(self, address: str, count: int) -> int:
        """Close the slowest of the address's oldest connections, `count` at most; return how many."""
        now = monotonic()
        theirs = (each for each in self._waited_for(now) if each.address == address)
        slowest = heapq.nsmallest(
            count, islice(theirs, CONNECTIONS_CHECKED), key=lambda each: each.speed(now)
        )
        for each in slowest:
            self._close(each)
        return len(slowest)

    def _close(self, connection: HttpConnection) -> None:
        connection.set_state(State.LEAVING)
        self.set_body_bytes(connection, 0)
        connection.close()

    def put_out_heaviest(self) -> bool:
        """Close the slowest connection with a body in memory, of the address that has most there. False for
        none."""
        now = monotonic()
        sending = [each for each in self._waited_for(now) if each.state is State.SENDING and each.body_bytes]
        body_bytes: Counter[str] = Counter()
        for each in sending:
            body_bytes[each.address] += each.body_bytes
        if not body_bytes:
            return False
        (address, _), *_ = body_bytes.most_common(1)
        slowest = min((each for each in sending if each.address == address), key=lambda each: each.speed(now))
        self._close(slowest)
        return True

    def has_unasked(self) -> bool:
        """Return whether an accepted connection has sent nothing yet."""
        return any(each.state is State.ASKING for each in self._all)
