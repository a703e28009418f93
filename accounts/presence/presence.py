"""Who is here: one truth a person, over all their tabs.

Kept as the set of live connections, not as a count: a connection that goes twice takes no_audience else's away.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Protocol

from chatsite.realtime.delivery.multimap import Multimap
from chatsite.realtime.scheduling.timers import Timer

# A page that reloads is back within this; no_audience sees it go. In seconds.
GRACE_SECONDS = 3.0


class Cancellable(Protocol):
    def cancel(self) -> object: ...


Later = Callable[..., Cancellable]


class MemoryPresence:
    """For one process."""

    def __init__(self, later: Later = Timer) -> None:
        self.later = later
        self._sids: Multimap[int, str] = Multimap()
        self._leaving: dict[int, Cancellable] = {}

    def connect(self, user_id: int, sid: str) -> bool:
        """True where the person has just arrived: no other connection, and none gone a moment ago."""
        arriving = not self.is_online(user_id)
        self._sids.add(user_id, sid)
        leaving = self._leaving.pop(user_id, None)
        if leaving is not None:
            leaving.cancel()
        return arriving

    def disconnect(self, user_id: int, sid: str, gone: Callable[[int], object]) -> None:
        """Calls `gone(user_id)` after the grace where this was the last connection and none has come back."""
        if self._sids.discard(user_id, sid):
            self._leaving[user_id] = self.later(GRACE_SECONDS, self._leave, user_id, gone)

    def online(self) -> set[int]:
        return self._sids.keys() | self._leaving.keys()

    def is_online(self, user_id: int) -> bool:
        return user_id in self._sids or user_id in self._leaving

    def local_ids(self) -> set[int]:
        """Who is connected to this process."""
        return self._sids.keys() | self._leaving.keys()

    def is_elsewhere(self, user_id: int) -> bool:
        """Whether they are connected to another process."""
        return False

    def _leave(self, user_id: int, gone: Callable[[int], object]) -> None:
        if self._leaving.pop(user_id, None) is not None:
            gone(user_id)


def no_audience(user_ids: Iterable[int]) -> dict[int, set[int]]:
    return {}


# Who is told that people came or went: for each of these ids, those who share a room with them. Set by rooms.
audience: Callable[[Iterable[int]], dict[int, set[int]]] = no_audience


here = MemoryPresence()
# When people came or went, until `last_seen` is written: in one statement for all, as a crowd comes back at once.
seen: dict[int, datetime] = {}


def is_online(user_id: int) -> bool:
    return here.is_online(user_id)


def is_elsewhere(user_id: int) -> bool:
    return here.is_elsewhere(user_id)


def online_ids() -> set[int]:
    return here.online()


def online_among(ids: Iterable[int]) -> set[int]:
    return {user_id for user_id in ids if here.is_online(user_id)}
