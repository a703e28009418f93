"""Which sockets can be read or written: one epoll for all of a kind, which the hub watches as a single descriptor.

In the hub's own table each socket would have a listener with a dict of its own and a bound method, some 250 bytes, and
each turn would build a set of all that are ready.
"""

import logging
from collections import deque
from time import monotonic
from typing import Any, Protocol

from eventlet import patcher

from chatsite.realtime.scheduling import hub

logger = logging.getLogger("chatsite.realtime")

# eventlet takes `epoll` out of the module that it patches.
_select = patcher.original("select")
READ, WRITE = _select.EPOLLIN, _select.EPOLLOUT
# Websockets served in one turn of the hub; the kernel puts the others in front next time.
SLICE = 256
# Seconds of it. Of the 8 KiB that one socket is read at once, the smallest frames take some 4 ms.
STRETCH = 0.02
# The same of plain HTTP: two thousand clients that speak or end at once held up live events for half a second.
HTTP_SLICE, HTTP_STRETCH = 32, 0.003


def is_ready(descriptor: int, wanted: int) -> bool:
    """Whether it is so now: READ or WRITE, or that the peer hung up."""
    poll = _select.poll()
    poll.register(descriptor, wanted)
    return bool(poll.poll(0))


class Watched(Protocol):
    """Told when the peer hung up, too: whatever it waits for, the next call says so."""

    def readable(self) -> None: ...
    def writable(self) -> None: ...


class Epoll:
    """`most` sockets are served in one turn of the hub, and for no longer than `seconds`, behind which one more may begin.

    `_watched` is by descriptor: the kernel gives the lowest free numbers, so that the list has few holes.
    """

    def __init__(self, most: int, seconds: float) -> None:
        self._most, self._seconds = most, seconds
        self._epoll: Any = None
        self._watched: list[Watched | None] = []
        # Those that are ready, and whose turn hasn't come.
        self._ready: deque[tuple[int, int]] = deque()

    def change(self, watched: Watched, descriptor: int, before: int, wanted: int) -> None:
        """`before` and `wanted` are sums of READ and WRITE. With 0 it isn't watched, and may be closed."""
        if not before:
            self._put(watched, descriptor)
            self._epoll.register(descriptor, wanted)
        elif wanted:
            self._epoll.modify(descriptor, wanted)
        else:
            self._watched[descriptor] = None
            self._epoll.unregister(descriptor)

    def _put(self, watched: Watched, descriptor: int) -> None:
        if self._epoll is None:
            # Not before: the worker is a child of the process that loads this, and must not share it.
            self._epoll = _select.epoll()
            hub.watch(hub.READ, self._epoll.fileno(), lambda _: hub.guarded(self.turn))
        missing = descriptor + 1 - len(self._watched)
        if missing > 0:
            self._watched.extend([None] * missing)
        self._watched[descriptor] = watched

    def turn(self) -> None:
        if not self._ready:
            self._ready.extend(self._epoll.poll(0, self._most))
        until = monotonic() + self._seconds
        while self._ready:
            self._serve(*self._ready.popleft())
            if monotonic() > until:
                return

    def _serve(self, descriptor: int, events: int) -> None:
        """What is no longer so does no harm: who isn't ready says so when it is asked."""
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


readiness = Epoll(SLICE, STRETCH)
http_readiness = Epoll(HTTP_SLICE, HTTP_STRETCH)
