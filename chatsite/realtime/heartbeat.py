"""The server asks, the client answers: who is silent for too long is gone.

All sockets are dealt out over the ticks of one interval, and each tick asks its own: there are no deadlines to keep for
each of them.
"""

from time import monotonic
from typing import TYPE_CHECKING

from chatsite.realtime import wire
from chatsite.realtime.loop import TICK, clock, guarded
from chatsite.realtime.outbox import Outbox

if TYPE_CHECKING:
    from chatsite.realtime.transport import EngineServer

# Ticks that the process may be late and still catch up; after a longer pause clients get their time to answer anew.
LATE = 4


class Heartbeat(Outbox):
    """`pinged` while a ping is open, `heard` when anything came since it was sent."""

    __slots__ = ("heard", "pinged")

    def __init__(self, server: "EngineServer", sid: str) -> None:
        super().__init__(server, sid)
        self.heard = self.pinged = False

    def ping(self) -> None:
        """Also while the last one is still open: the client would miss it, and `check_pong` judges by the first."""
        if not self.pinged:
            self.pinged, self.heard = True, False
        self.send(wire.PING)

    def ponged(self) -> None:
        self.pinged = False

    def check_pong(self) -> None:
        if self.closed or not self.pinged:
            return
        if self.heard or (self.link is not None and self.link.paused):
            # It lives: its pong waits behind what it is still sending, or behind what we don't read yet.
            self.heard = False
        else:
            self.close(reason=self.server.reason.PING_TIMEOUT)


class Rounds:
    """Every socket is pinged once in `interval` seconds, and judged `timeout` seconds later."""

    def __init__(self, interval: float, timeout: float) -> None:
        self._slots: list[list[Heartbeat]] = [[] for _ in range(round(interval / TICK))]
        self._timeout = round(timeout / TICK)
        self._now = self._added = 0
        self._began = monotonic()

    def start(self) -> None:
        self._began = monotonic() - self._now * TICK
        clock.after(0, self._tick)

    def add(self, socket: Heartbeat) -> None:
        """Pinged first in the last third of an interval from now: a crowd that comes in one storm is spread over it."""
        size = len(self._slots)
        self._added += 1
        self._slots[(self._now + size - self._added % (size // 3)) % size].append(socket)

    def _tick(self) -> None:
        clock.after(0, self._tick)
        due = int((monotonic() - self._began) / TICK)
        if due - self._now > LATE:
            self._began += (due - self._now - 1) * TICK
            due = self._now + 1
        while self._now < due:
            self._now += 1
            self._turn()

    def _turn(self) -> None:
        size = len(self._slots)
        place = self._now % size
        self._slots[place] = asked = [socket for socket in self._slots[place] if not socket.closed]
        for socket in asked:
            guarded(socket.ping)
        for socket in self._slots[(self._now - self._timeout) % size]:
            if socket.pinged:
                guarded(socket.check_pong)
