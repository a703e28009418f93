"""Slots for long work: a few at once in a process, one for each person, people in turn.

Whoever asks for a second one waits for themselves. Before, when each connection had its own turn, twelve
searches of one person kept everybody else from searching.
"""

from collections import deque
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

import eventlet
from eventlet.event import Event

from chatsite.contract.errors import RateLimited, Unavailable
from chatsite.realtime.scheduling.background import serving

# Waiting requests of one person; a page and its reload are two.
MAX_WAITING_PER_PERSON = 4
# Seconds that a request waits for a slot.
WAIT_SECONDS = 10.0


class Slots:
    """`at_once` slots of this process. A payer may wait for `max_waiting` more, `wait_seconds` for each (WAIT_SECONDS)."""

    def __init__(
        self, at_once: int, max_waiting: int = MAX_WAITING_PER_PERSON, wait_seconds: float | None = None
    ) -> None:
        self._at_once, self._max_waiting, self._wait_seconds = at_once, max_waiting, wait_seconds
        self._running: set[Hashable] = set()
        # By payer, next turn first: their waiting requests.
        self._waiting: dict[Hashable, deque[Event]] = {}

    @property
    def wanted(self) -> bool:
        """Whether somebody waits who has no slot."""
        return any(payer not in self._running for payer in self._waiting)

    @contextmanager
    def taken(self, payer: Hashable) -> Iterator[None]:
        """Hold a slot for the block. Raises RateLimited where the payer waits for too many, Unavailable where
        none becomes free in time. Outside of the server nobody waits."""
        if not serving():
            yield
            return
        self._take(payer)
        try:
            yield
        finally:
            self._running.discard(payer)
            self._pass_on()

    def _take(self, payer: Hashable) -> None:
        if len(self._running) < self._at_once and payer not in self._running:
            self._running.add(payer)
            return
        if len(self._waiting.get(payer, ())) >= self._max_waiting:
            raise RateLimited("You are asking for that several times already.", retry_after=1)
        self._wait(payer)

    def _wait(self, payer: Hashable) -> None:
        turn: Event = Event()
        self._waiting.setdefault(payer, deque()).append(turn)
        try:
            with eventlet.Timeout(self._wait_seconds or WAIT_SECONDS, False):
                turn.wait()
        except BaseException:
            # The greenlet was killed while it waited: a slot that it was given goes to the next.
            if not self._leave(payer, turn):
                self._running.discard(payer)
                self._pass_on()
            raise
        if self._leave(payer, turn):
            raise Unavailable(
                "Many people are asking for that. Try again in a moment.", retry_after=WAIT_SECONDS
            )

    def _leave(self, payer: Hashable, turn: Event) -> bool:
        """Stop waiting; False where a slot was given, perhaps in the moment in which the time was up."""
        if turn.ready():
            return False
        turns = self._waiting[payer]
        turns.remove(turn)
        if not turns:
            del self._waiting[payer]
        return True

    def _pass_on(self) -> None:
        """Give free slots to those who have waited longest since their last."""
        for payer in [one for one in self._waiting if one not in self._running]:
            if len(self._running) >= self._at_once:
                return
            turns = self._waiting.pop(payer)
            turn = turns.popleft()
            if turns:
                # To the back.
                self._waiting[payer] = turns
            self._running.add(payer)
            turn.send()
