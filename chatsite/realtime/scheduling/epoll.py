"""Readiness of sockets: one epoll for all of a kind, which the hub watches as a single descriptor.

In the hub's own table each socket would have a listener with a dict of its own and a bound method, some 250
bytes, and each turn would build a set of all that are ready.
"""

import logging
from collections import deque
from time import monotonic
from typing import Any, Protocol

from eventlet import patcher

from chatsite.realtime.scheduling import hub

logger = logging.getLogger("chatsite.realtime")

# eventlet removes `epoll` from the module that it patches.
_select = patcher.original("select")
READ, WRITE = _select.EPOLLIN, _select.EPOLLOUT
# Websockets served in one turn of the hub; the kernel reports the others first the next time.
SOCKETS_PER_TURN = 256
# Seconds that one turn takes at most. The 8 KiB read of one socket, as smallest frames, take some 4 ms.
TURN_SECONDS = 0.02
# Sockets of plain HTTP in one turn, and seconds: two thousand clients that spoke or ended at once held up
# live events for half a second.
HTTP_SOCKETS_PER_TURN, HTTP_TURN_SECONDS = 32, 0.003


def is_ready(descriptor: int, wanted: int) -> bool:
    """Return whether the descriptor is READ or WRITE (`wanted`) now, or its peer hung up."""
    poll = _select.poll()
    poll.register(descriptor, wanted)
    return bool(poll.poll(0))


class Pollable(Protocol):
    """An object with a socket. Both methods are also called when the peer hung up; the next system call then
    fails."""

    def readable(self) -> None: ...
    def writable(self) -> None: ...


class Epoll:
    """Serves at most `most` sockets in one turn of the hub, and starts none after `seconds`.

    `_watched` is a list by descriptor: the kernel gives the lowest free numbers, so it has few holes.
    """

    def __init__(self, most: int, seconds: float) -> None:
        self._limit, self._seconds = most, seconds
        self._epoll: Any = None
        self._watched: list[Pollable | None] = []
        # Pairs of descriptor and events that are ready and not served yet.
        self._ready: deque[tuple[int, int]] = deque()

    def change(self, watched: Pollable, descriptor: int, before: int, wanted: int) -> None:
        """Change what is watched from `before` to `wanted`, both sums of READ and WRITE. After a change to 0
        the descriptor isn't watched, and may be closed."""
        if not before:
            self._put(watched, descriptor)
            self._epoll.register(descriptor, wanted)
        elif wanted:
            self._epoll.modify(descriptor, wanted)
        else:
            self._watched[descriptor] = None
            self._epoll.unregister(descriptor)

    def _put(self, watched: Pollable, descriptor: int) -> None:
        if self._epoll is None:
            # Made late: the worker is forked from the process that imports this, and must not share its
            # epoll.
            self._epoll = _select.epoll()
            hub.watch(hub.READ, self._epoll.fileno(), lambda _: hub.guarded(self.turn))
        missing = descriptor + 1 - len(self._watched)
        if missing > 0:
            self._watched.extend([None] * missing)
        self._watched[descriptor] = watched

    def turn(self) -> None:
        if not self._ready:
            self._ready.extend(self._epoll.poll(0, self._limit))
        until = monotonic() + self._seconds
        while self._ready:
            self._serve(*self._ready.popleft())
            if monotonic() > until:
                return

    def _serve(self, descriptor: int, events: int) -> None:
        """Serve one socket. Its readiness may be outdated, which does no harm: its call would block, and says
        so."""
        watched = self._watched[descriptor]
        if watched is None:
            return
        try:
            if events != WRITE:
                watched.readable()
            if events != READ:
                watched.writable()
        except Exception:
            logger.exception("a socket's turn failed")


websocket_epoll = Epoll(SOCKETS_PER_TURN, TURN_SECONDS)
http_epoll = Epoll(HTTP_SOCKETS_PER_TURN, HTTP_TURN_SECONDS)
