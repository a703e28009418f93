"""Heartbeats: ping every socket in an interval, and close those that answer nothing.

The sockets are spread over the ticks of one interval, and each tick pings its own: no socket has a deadline
of its own.
"""

from collections import deque
from functools import partial
from time import monotonic
from typing import Protocol

from chatsite.realtime.scheduling.hub import TICK_SECONDS, clock, guarded, hubs

# Ticks that the process may be late before a respite begins: for RESPITE_TICKS, but not twice in one
# interval, nobody is judged, so that what came during the pause is read first. Time to answer doesn't pass
# during a pause.
LATE_TICKS, RESPITE_TICKS = 4, 8
# Sockets pinged in one turn of the hub, some 30 ms: after a pause many are due, and others wait for their
# turn.
PINGS_PER_TURN = 4000


class Pingable(Protocol):
    """An open or closed socket. `pinged_in_tick` is the tick of its open ping, 0 for none."""

    closed: bool
    pinged_in_tick: int

    def ping(self, tick: int) -> None: ...
    def check_pong(self) -> None:
        """Close a socket from which nothing came since its ping."""


class HeartbeatSchedule:
    """Pings every socket once in `interval` seconds, and judges it `timeout` seconds later.

    Pings keep to the clock, as clients do, who leave when one is late: after a pause all missed pings are
    sent. The time to answer passes only while the process runs.
    """

    def __init__(self, interval: float, timeout: float) -> None:
        self._slots: list[list[Pingable]] = [[] for _ in range(round(interval / TICK_SECONDS))]
        self._timeout = round(timeout / TICK_SECONDS)
        # In ticks: until when all were pinged, the time, and how many sockets were added.
        self._now = self._due = self._added = 0
        self._running_ticks = 1
        # The tick in which the last respite began.
        self._respite_began = 0
        # Sockets that were pinged and aren't judged yet, with the tick (of `_running_ticks`) of their ping.
        self._unjudged: deque[tuple[int, list[Pingable]]] = deque()
        self._began = monotonic()

    def start(self) -> None:
        self._began = monotonic() - self._due * TICK_SECONDS
        clock.after(0, self._tick)

    def add(self, socket: Pingable) -> None:
        """Ping the socket first in the last third of an interval from now: a crowd that comes at once is
        spread over it."""
        size = len(self._slots)
        self._added += 1
        self._slots[(self._due + size - self._added % (size // 3)) % size].append(socket)

    def _tick(self) -> None:
        clock.after(0, self._tick)
        before, self._due = self._due, int((monotonic() - self._began) / TICK_SECONDS)
        late = self._due - before > LATE_TICKS
        if late and self._due - self._respite_began >= len(self._slots):
            self._respite_began = self._due
        self._running_ticks += 1 if late else self._due - before
        self._ping_due()
        if self._due - self._respite_began >= RESPITE_TICKS:
            self._judge()

    def _ping_due(self) -> None:
        """Ping the slots that are due, PINGS_PER_TURN at a time: few as a rule, after a pause perhaps all."""
        size, left = len(self._slots), PINGS_PER_TURN
        self._now = max(self._now, self._due - size)
        while self._now < self._due:
            if left <= 0:
                hubs.get_hub().schedule_call_global(0, self._ping_due)
                return
            self._now += 1
            place = self._now % size
            self._slots[place] = asked = [socket for socket in self._slots[place] if not socket.closed]
            for socket in asked:
                guarded(partial(socket.ping, self._running_ticks))
            if asked:
                self._unjudged.append((self._running_ticks, asked))
            left -= len(asked)

    def _judge(self) -> None:
        while self._unjudged and self._running_ticks - self._unjudged[0][0] >= self._timeout:
            tick, asked = self._unjudged.popleft()
            for socket in asked:
                # Not a socket that answered and was pinged once more during a pause of ours.
                if 0 < socket.pinged_in_tick <= tick:
                    guarded(socket.check_pong)
                    # A socket that lives on has its time to answer once more.
                    socket.pinged_in_tick = self._running_ticks
