"""Slots for what takes long: a few at once in a process, one of each person, and people in turns.

Who asks for more than one waits for themselves. Where each connection had its own turn, twelve searches of one person
kept everybody else from searching.
"""

from collections import deque
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

import eventlet
from eventlet.event import Event

from chatsite.contract.errors import RateLimited, Unavailable
from chatsite.realtime.scheduling.threads import serving

# Of one person that wait for their own; a page and its reload are two.
MOST_WAITING = 4
# Seconds that one waits for a slot.
WAIT_SECONDS = 10.0


class Slots:
    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._running: set[Hashable] = set()
        # By whose turn comes first.
        self._waiting: dict[Hashable, deque[Event]] = {}

    @property
    def wanted(self) -> bool:
        """Whether somebody waits who isn't at it already."""
        return any(whose not in self._running for whose in self._waiting)

    @contextmanager
    def taken(self, whose: Hashable) -> Iterator[None]:
        """For the block. Raises RateLimited for somebody's too many, and Unavailable where none became free in time.
        Outside of the server nobody waits."""
        if not serving():
            yield
            return
        self._take(whose)
        try:
            yield
        finally:
            self._running.discard(whose)
            self._pass_on()

    def _take(self, whose: Hashable) -> None:
        if len(self._running) < self._at_once and whose not in self._running:
            self._running.add(whose)
            return
        if len(self._waiting.get(whose, ())) >= MOST_WAITING:
            raise RateLimited("You are asking for that several times already.", retry_after=1)
        self._wait(whose)

    def _wait(self, whose: Hashable) -> None:
        turn: Event = Event()
        self._waiting.setdefault(whose, deque()).append(turn)
        try:
            with eventlet.Timeout(WAIT_SECONDS, False):
                turn.wait()
        except BaseException:
            # Killed while it waited: its slot, if it was given one, is the next one's.
            if not self._leave(whose, turn):
                self._running.discard(whose)
                self._pass_on()
            raise
        if self._leave(whose, turn):
            raise Unavailable(
                "Many people are asking for that. Try again in a moment.", retry_after=WAIT_SECONDS
            )

    def _leave(self, whose: Hashable, turn: Event) -> bool:
        """False where it was given its slot, perhaps in the moment in which the time was up."""
        if turn.ready():
            return False
        turns = self._waiting[whose]
        turns.remove(turn)
        if not turns:
            del self._waiting[whose]
        return True

    def _pass_on(self) -> None:
        """The next ones begin: those who have waited longest since their last."""
        for whose in [one for one in self._waiting if one not in self._running]:
            if len(self._running) >= self._at_once:
                return
            turns = self._waiting.pop(whose)
            turn = turns.popleft()
            if turns:
                # To the back.
                self._waiting[whose] = turns
            self._running.add(whose)
            turn.send()
