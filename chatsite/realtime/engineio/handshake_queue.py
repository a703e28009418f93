"""The queue of handshakes: each address has a bounded number of half-open sessions, which haven't sent
CONNECT, and the next ones wait."""

from collections import Counter, deque
from time import monotonic

import eventlet
from eventlet.event import Event

# Half-open sessions of one address. A good client sends CONNECT within a round trip, and makes room.
MAX_HALF_OPEN = 512
# Seconds without a CONNECT from the address after which its waiting handshakes are refused.
STALL_SECONDS = 1.0


class HandshakeQueue:
    """Admits a school behind one address, which comes back at once, in its order, and refuses clients that
    only open."""

    def __init__(self) -> None:
        self.half_open: Counter[str] = Counter()
        self._waiting: dict[str, deque[Event]] = {}
        self._last_progress: dict[str, float] = {}

    def enter(self, address: str) -> bool:
        """Wait for a place of the address; False where none becomes free. Whoever enters must `leave`."""
        if self.is_full(address):
            return self._wait(address)
        self.half_open[address] += 1
        return True

    def is_full(self, address: str) -> bool:
        return self.half_open.get(address, 0) >= MAX_HALF_OPEN

    def _wait(self, address: str) -> bool:
        turn, arrived = Event(), monotonic()
        self._waiting.setdefault(address, deque()).append(turn)
        while not turn.ready():
            with eventlet.Timeout(STALL_SECONDS, False):
                turn.wait()
            if (
                not turn.ready()
                and monotonic() - max(arrived, self._last_progress.get(address, 0.0)) >= STALL_SECONDS
            ):
                self._give_up(address, turn)
                return False
        return True

    def leave(self, address: str, *, asked: bool) -> None:
        """Give back a place: the session has sent CONNECT (`asked`), or is gone. The next handshake takes the
        place."""
        queue = self._waiting.get(address)
        if queue:
            if asked:
                self._last_progress[address] = monotonic()
            queue.popleft().send()
            self._forget(address)
            return
        self.half_open[address] -= 1
        if self.half_open[address] <= 0:
            del self.half_open[address]

    def _give_up(self, address: str, turn: Event) -> None:
        self._waiting[address].remove(turn)
        self._forget(address)

    def _forget(self, address: str) -> None:
        if not self._waiting[address]:
            del self._waiting[address]
            self._last_progress.pop(address, None)
