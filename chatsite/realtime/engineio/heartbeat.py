"""The server asks, the client answers: who is silent for too long is gone.

All sockets are dealt out over the ticks of one interval, and each tick asks its own: there are no deadlines to keep for
each of them.
"""

from collections import deque
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING

from chatsite.realtime.engineio.send_buffer import SendBuffer
from chatsite.realtime.protocol import encoder
from chatsite.realtime.scheduling.hub import TICK, clock, guarded, hubs

if TYPE_CHECKING:
    from chatsite.realtime.engineio.transport import EngineServer

# Ticks that the process may be late without a second thought. During a longer pause nobody's time to answer passes, and
# for so many after it, but not again in the same interval, nobody is judged: what came meanwhile is read first.
LATE, RESPITE = 4, 8
# Sockets pinged in one turn of the hub, some 30 ms: after a pause many wait for it, and others for their turn.
SLICE = 4000


class Heartbeat(SendBuffer):
    """`pinged` while a ping is open, with the tick in which it was sent; `heard` when anything came since."""

    __slots__ = ("heard", "pinged")

    def __init__(self, server: "EngineServer", sid: str) -> None:
        super().__init__(server, sid)
        self.heard, self.pinged = False, 0

    def ping(self, tick: int = 1) -> None:
        """Also while the last one is still open: the client would miss it, and `check_pong` judges by the first."""
        if not self.pinged:
            self.pinged, self.heard = tick, False
        self.send(encoder.PING)

    def ponged(self) -> None:
        self.pinged = 0

    def check_pong(self) -> None:
        if self.closed or not self.pinged:
            return
        if self.heard or (self.link is not None and self.link.paused):
            # It lives: its pong waits behind what it is still sending, or behind what we don't read yet.
            self.heard = False
        else:
            self.close(reason=self.server.reason.PING_TIMEOUT)


class Rounds:
    """Every socket is pinged once in `interval` seconds, and judged `timeout` seconds later.

    Pings keep to the clock, as their clients do, who leave when one is late: after a pause all that were missed are sent.
    The time to answer passes only while the process runs.
    """

    def __init__(self, interval: float, timeout: float) -> None:
        self._slots: list[list[Heartbeat]] = [[] for _ in range(round(interval / TICK))]
        self._timeout = round(timeout / TICK)
        # In ticks: up to where all were pinged, what time it is, and the same without the pauses.
        self._now = self._due = self._added = 0
        self._lived = 1
        # When the last respite began.
        self._spared = 0
        # Who was pinged and isn't judged yet, with the tick (of `_lived`) in which it was done.
        self._asked: deque[tuple[int, list[Heartbeat]]] = deque()
        self._began = monotonic()

    def start(self) -> None:
        self._began = monotonic() - self._due * TICK
        clock.after(0, self._tick)

    def add(self, socket: Heartbeat) -> None:
        """Pinged first in the last third of an interval from now: a crowd that comes in one storm is spread over it."""
        size = len(self._slots)
        self._added += 1
        self._slots[(self._due + size - self._added % (size // 3)) % size].append(socket)

    def _tick(self) -> None:
        clock.after(0, self._tick)
        before, self._due = self._due, int((monotonic() - self._began) / TICK)
        late = self._due - before > LATE
        if late and self._due - self._spared >= len(self._slots):
            self._spared = self._due
        self._lived += 1 if late else self._due - before
        self._ask()
        if self._due - self._spared >= RESPITE:
            self._judge()

    def _ask(self) -> None:
        """A few slots at most; after a pause perhaps all, in slices."""
        size, left = len(self._slots), SLICE
        self._now = max(self._now, self._due - size)
        while self._now < self._due:
            if left <= 0:
                hubs.get_hub().schedule_call_global(0, self._ask)
                return
            self._now += 1
            place = self._now % size
            self._slots[place] = asked = [socket for socket in self._slots[place] if not socket.closed]
            for socket in asked:
                guarded(partial(socket.ping, self._lived))
            if asked:
                self._asked.append((self._lived, asked))
            left -= len(asked)

    def _judge(self) -> None:
        while self._asked and self._lived - self._asked[0][0] >= self._timeout:
            tick, asked = self._asked.popleft()
            for socket in asked:
                # Not who answered, and was pinged once more during a pause of ours.
                if 0 < socket.pinged <= tick:
                    guarded(socket.check_pong)
                    # Whoever lives on has its time once more.
                    socket.pinged = self._lived
