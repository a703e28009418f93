"""Charge what is read of people, and leave those unread who have spent too much: even a refusal takes time for
which others wait."""

from typing import Protocol

from chatsite.realtime.delivery import subscriptions
from chatsite.realtime.limits import limits
from chatsite.realtime.limits.loop_budget import loop_budget
from chatsite.realtime.scheduling.hub import hubs

# Loop seconds of a frame, from reading it to the start of its handler: for any frame, and for each byte
# (measured with events, of which the largest are the dearest).
FRAME_SECONDS, BYTE_SECONDS = 25e-6, 15e-9
# Further loop seconds of a message, for each read before it is whole, and for each of its fragments.
READ_SECONDS, FRAGMENT_SECONDS = 8e-6, 2e-6


def frames_of(size: int) -> float:
    """Return how many frames one of `size` bytes counts as: one more for each KiB."""
    return 1 + size / 1024


def part_seconds(fragments: int) -> float:
    """Return the loop seconds of an unfinished message that came in so many fragments: even a byte of it costs
    a turn."""
    return READ_SECONDS + fragments * FRAGMENT_SECONDS


def charge_frame(person: int, size: int) -> float:
    """Charge a frame of `size` bytes; return the seconds until the person may be read again, 0 for now."""
    limits.frame_rates.charge(person, frames_of(size))
    loop_budget.charge(person, FRAME_SECONDS + size * BYTE_SECONDS)
    return wait(person)


def charge_part(person: int, fragments: int) -> float:
    """Charge part of an unfinished message; return what `charge_frame` does."""
    loop_budget.charge(person, part_seconds(fragments))
    return wait(person)


def wait(person: int) -> float:
    """Return the seconds until the person's connections may be read again; 0 where they may be now."""
    return max(limits.frame_rates.wait(person), loop_budget.wait(person))


class Pausable(Protocol):
    """A session whose client may be left unread. `rate_paused` is the mark of ReadPauses."""

    rate_paused: bool

    def read_or_pause(self) -> None:
        """Read the client or don't, by `rate_paused`."""


class ReadPauses:
    """By person: their paused sessions, the longest paused first."""

    def __init__(self) -> None:
        self._paused: dict[int, dict[Pausable, None]] = {}

    def pause(self, person: int, seconds: float) -> None:
        """Pause all open connections of the person, for so many seconds at least."""
        waiting = self._paused.get(person)
        if waiting is None:
            waiting = self._paused[person] = {}
            self._schedule(seconds, person)
        for connection in subscriptions.connections(person):
            session: Pausable = connection.channel.session  # type: ignore[attr-defined]
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
        waiting, seconds = self._paused[person], wait(person)
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
