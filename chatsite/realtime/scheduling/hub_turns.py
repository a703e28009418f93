"""Let a few greenlets go on in each turn of the hub, for work that a thousand sockets may ask for at once."""

from collections import deque
from typing import Any, Protocol

from eventlet import hubs
from eventlet.greenthread import getcurrent


class Switched(Protocol):
    """A greenlet, or an object that stands for one."""

    def switch(self) -> Any: ...


class HubTurns:
    """Lets `most` greenlets go on in each turn of the hub, in the order of their coming; the hub serves
    others in between."""

    def __init__(self, most: int) -> None:
        self._limit = most
        self._waiting: deque[Switched] = deque()
        self._turn, self._resumed = -1, 0
        self._timer: Any = None

    def wait(self) -> None:
        """Wait until it is this greenlet's turn; returns at once where few wait."""
        turn = hubs.get_hub().turns
        if turn != self._turn:
            self._turn, self._resumed = turn, 0
        if self._resumed < self._limit and not self._waiting:
            self._resumed += 1
            return
        self.put(getcurrent())
        hubs.get_hub().switch()

    def put(self, waiting: Switched) -> None:
        """Switch to `waiter` when its turn has come. For callers in the hub's greenlet, which can't wait."""
        self._waiting.append(waiting)
        self._schedule()

    def _schedule(self) -> None:
        if self._timer is None:
            self._timer = hubs.get_hub().schedule_call_global(0, self._resume)

    def _resume(self) -> None:
        self._timer = None
        for _ in range(min(self._limit, len(self._waiting))):
            self._waiting.popleft().switch()
        if self._waiting:
            self._schedule()
