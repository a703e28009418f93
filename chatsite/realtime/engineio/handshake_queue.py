"""Clients that have opened a session and haven't asked to come in yet: so many of one address, and the next ones wait."""

from collections import Counter, deque
from time import monotonic

import eventlet
from eventlet.event import Event

# A good client asks within a round trip, and makes room.
HALF_OPEN = 512
# Seconds in which none of an address's clients went on: those aren't good ones, and nobody waits for them.
STUCK = 1.0


class HandshakeQueue:
    """A school behind one address that comes back at once is let in in its order; who only opens is refused."""

    def __init__(self) -> None:
        self.half_open: Counter[str] = Counter()
        self._waiting: dict[str, deque[Event]] = {}
        self._moved: dict[str, float] = {}

    def enter(self, address: str) -> bool:
        """False where there is no room, and none becomes free. Whoever enters must `leave`."""
        if self.is_full(address):
            return self._wait(address)
        self.half_open[address] += 1
        return True

    def is_full(self, address: str) -> bool:
        return self.half_open.get(address, 0) >= HALF_OPEN

    def _wait(self, address: str) -> bool:
        turn, arrived = Event(), monotonic()
        self._waiting.setdefault(address, deque()).append(turn)
        while not turn.ready():
            with eventlet.Timeout(STUCK, False):
                turn.wait()
            if not turn.ready() and monotonic() - max(arrived, self._moved.get(address, 0.0)) >= STUCK:
                self._give_up(address, turn)
                return False
        return True

    def leave(self, address: str, *, asked: bool) -> None:
        """It has asked to come in, or has gone. Who waits takes its place."""
        queue = self._waiting.get(address)
        if queue:
            if asked:
                self._moved[address] = monotonic()
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
            self._moved.pop(address, None)
