"""So many greenlets in a turn of the hub, for work that a thousand sockets may ask for in the same one."""

from collections import deque
from typing import Any, Protocol

from eventlet import hubs
from eventlet.greenthread import getcurrent


class Switched(Protocol):
    """A greenlet, or what stands for one."""

    def switch(self) -> Any: ...


class HubTurns:
    """Lets `most` greenlets go on in each turn of the hub, in the order in which they came; others are served between."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting: deque[Switched] = deque()
        self._turn, self._went_on = -1, 0
        self._timer: Any = None

    def wait(self) -> None:
        """Until it is this greenlet's turn; at once where few ask."""
        turn = hubs.get_hub().turns
        if turn != self._turn:
            self._turn, self._went_on = turn, 0
        if self._went_on < self._most and not self._waiting:
            self._went_on += 1
            return
        self.put(getcurrent())
        hubs.get_hub().switch()

    def put(self, waiting: Switched) -> None:
        """Switch to it when its turn has come. For the hub, which can't wait."""
        self._waiting.append(waiting)
        self._look_soon()

    def _look_soon(self) -> None:
        if self._timer is None:
            self._timer = hubs.get_hub().schedule_call_global(0, self._look)

    def _look(self) -> None:
        self._timer = None
        for _ in range(min(self._most, len(self._waiting))):
            self._waiting.popleft().switch()
        if self._waiting:
            self._look_soon()
