"""Connections that aren't read for a while, as their person has asked for too much; read again one after another."""

from typing import Protocol

from chatsite.realtime.delivery import subscriptions
from chatsite.realtime.limits import limits
from chatsite.realtime.scheduling.hub import hubs


class Held(Protocol):
    """`held` is the mark of these holds."""

    held: bool

    def read_or_pause(self) -> None:
        """Read the client or don't, by `held`."""


class ReadPauses:
    """By person; each with those of their connections that are held, the longest first."""

    def __init__(self) -> None:
        self._held: dict[int, dict[Held, None]] = {}

    def hold(self, person: int, wait: float) -> None:
        """All of the person's connections that are open now, for `wait` seconds at least."""
        waiting = self._held.get(person)
        if waiting is None:
            waiting = self._held[person] = {}
            self._schedule(wait, person)
        for connection in subscriptions.connections(person):
            held: Held = connection.channel.session  # type: ignore[attr-defined]
            if not held.held:
                held.held = True
                waiting[held] = None
                held.read_or_pause()

    def forget(self, person: int, held: Held) -> None:
        """The connection is gone."""
        self._held.get(person, {}).pop(held, None)

    def _schedule(self, seconds: float, person: int) -> None:
        hubs.get_hub().schedule_call_global(seconds, self._go_on, person)

    def _go_on(self, person: int) -> None:
        """One may be read: what it has sent may be too much again, and then the others are still held."""
        waiting = self._held[person]
        wait = limits.reading_wait(person)
        if not wait and waiting:
            held = next(iter(waiting))
            del waiting[held]
            held.held = False
            held.read_or_pause()
        if waiting:
            self._schedule(wait, person)
        else:
            del self._held[person]


holds = ReadPauses()
