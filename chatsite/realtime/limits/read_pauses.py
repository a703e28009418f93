"""Pause reading the connections of people who have spent too much, and resume them one after another."""

from typing import Protocol

from chatsite.realtime.delivery import subscriptions
from chatsite.realtime.limits import limits
from chatsite.realtime.scheduling.hub import hubs


class Pausable(Protocol):
    """A session that reads nothing from its client while ReadPauses has set `rate_paused`."""

    rate_paused: bool

    def read_or_pause(self) -> None:
        """Read the client or don't, by `rate_paused`."""


class ReadPauses:
    """Paused sessions by person, the longest paused first."""

    def __init__(self) -> None:
        self._paused: dict[int, dict[Pausable, None]] = {}

    def pause(self, person: int, seconds: float) -> None:
        """Pause all open connections of the person, for so many seconds at least."""
        waiting = self._paused.get(person)
        if waiting is None:
            waiting = self._paused[person] = {}
            self._schedule(seconds, person)
        for connection in subscriptions.connections(person):
            session: Pausable = connection.channel.session
            if not session.rate_paused:
                session.rate_paused = True
                waiting[session] = None
                session.read_or_pause()

    def forget(self, person: int, session: Pausable) -> None:
        """Forget a session that is gone."""
        self._paused.get(person, {}).pop(session, None)

    def _schedule(self, seconds: float, person: int) -> None:
        hubs.get_hub().schedule_call_global(seconds, self._go_on, person)

    def _go_on(self, person: int) -> None:
        """Resume one: what it has sent may be too much again, while the others are still paused."""
        waiting, seconds = self._paused[person], limits.reading_wait(person)
        if not seconds and waiting:
            session = next(iter(waiting))
            del waiting[session]
            session.rate_paused = False
            session.read_or_pause()
        if waiting:
            self._schedule(seconds, person)
        else:
            del self._paused[person]


read_pauses = ReadPauses()
