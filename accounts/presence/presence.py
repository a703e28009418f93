"""The registry of who is online, over all tabs of a person.

It holds the set of live connections and no count: a disconnect that is reported twice removes nobody else's.
"""

from collections.abc import Callable, Iterable, Iterator, Set
from datetime import datetime
from itertools import filterfalse, islice
from typing import Protocol

from accounts.presence import visibility
from chatsite.realtime.delivery.multimap import Multimap
from chatsite.realtime.scheduling.background import Timer

# Seconds in which a person whose last connection ended still counts as online: a page that reloads is back within
# them.
GRACE_SECONDS = 3.0


class Cancellable(Protocol):
    """A timer that can be cancelled."""

    def cancel(self) -> object: ...


Later = Callable[..., Cancellable]


class MemoryPresence:
    """The registry of one process."""

    # The name of this process among several.
    worker = ""

    def __init__(self, later: Later = Timer) -> None:
        self.later = later
        self._sids: Multimap[int, str] = Multimap()
        self._leaving: dict[int, Cancellable] = {}

    def connect(self, user_id: int, sid: str) -> bool:
        """Register a connection; True if the person was offline until now."""
        arriving = not self.is_online(user_id)
        self._sids.add(user_id, sid)
        leaving = self._leaving.pop(user_id, None)
        if leaving is not None:
            leaving.cancel()
        return arriving

    def disconnect(self, user_id: int, sid: str, gone: Callable[[int], object]) -> None:
        """Remove a connection. If it was the person's last, `gone(user_id)` is called after GRACE_SECONDS without a
        new one."""
        if self._sids.discard(user_id, sid):
            self._leaving[user_id] = self.later(GRACE_SECONDS, self._leave, user_id, gone)

    def online(self) -> Iterator[int]:
        """Yield the ids of all who are online, each once. For a few of them: nobody comes or goes meanwhile."""
        yield from self._sids.keys()
        yield from filterfalse(self._sids.__contains__, self._leaving)

    def is_online(self, user_id: int) -> bool:
        """Return whether the person is online in any process."""
        return user_id in self._sids or user_id in self._leaving

    def local_ids(self) -> set[int]:
        """Return the ids of people connected to this process."""
        return self._sids.keys() | self._leaving.keys()

    def is_elsewhere(self, user_id: int) -> bool:
        """Return whether the person is connected to another process."""
        return False

    def is_local(self, user_id: int) -> bool:
        """Return whether the person is connected to this process."""
        return user_id in self._sids or user_id in self._leaving

    def sids(self, user_id: int) -> list[str]:
        """Return the person's connections to this process."""
        return self._sids.members(user_id)

    def workers(self, user_id: int) -> list[str]:
        """Return the other processes to which the person is connected."""
        return []

    def other_workers(self) -> set[str]:
        """Return the other processes of which anything is known."""
        return set()

    def _leave(self, user_id: int, gone: Callable[[int], object]) -> None:
        if self._leaving.pop(user_id, None) is not None:
            gone(user_id)


def no_audience(user_ids: Iterable[int]) -> dict[int, set[int]]:
    """The audience until `rooms` sets its own."""
    return {}


# For each of these ids, the ids of people who share a room with them and are told of their changes. Set by `rooms`.
audience: Callable[[Iterable[int]], dict[int, set[int]]] = no_audience


here = MemoryPresence()
# Times of the latest changes by user id, until `last_seen` writes them.
seen: dict[int, datetime] = {}


def is_connected(user_id: int) -> bool:
    """Return whether the person is online in any process, though invisible to others."""
    return here.is_online(user_id)


def is_online(user_id: int) -> bool:
    """Return whether others see the person online, in any process."""
    return here.is_online(user_id) and user_id not in visibility.known.invisible


def is_elsewhere(user_id: int) -> bool:
    """Return whether the person is connected to another process."""
    return here.is_elsewhere(user_id)


class PeopleHere(Set[int]):
    """Ids of people who are here, as the registry has them now. They are looked up and not copied: a site may have a
    million, whom each message and each list of rooms would copy."""

    def __init__(self, is_here: Callable[[int], bool]) -> None:
        self._is_here = is_here

    def __contains__(self, user_id: object) -> bool:
        return isinstance(user_id, int) and self._is_here(user_id)

    def __iter__(self) -> Iterator[int]:
        return filter(self._is_here, here.online())

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __bool__(self) -> bool:
        return any(True for _ in self)

    def at_most(self, number: int) -> bool:
        """Return whether these are no more than that, without counting all."""
        return len(self.first(number + 1)) <= number

    def first(self, number: int) -> list[int]:
        """Return so many of them."""
        return list(islice(self, number))

    @classmethod
    def _from_iterable(cls, ids: Iterable[int]) -> set[int]:  # type: ignore[override]
        """Make what `&`, `|` and `-` return."""
        return set(ids)


_connected, _online = PeopleHere(is_connected), PeopleHere(is_online)


def connected_ids() -> PeopleHere:
    """Return the ids of all who are online, the invisible ones too: for delivery, and never to be shown."""
    return _connected


def online_ids() -> PeopleHere:
    """Return the ids of all whom others see online."""
    return _online


def online_among(ids: Iterable[int]) -> set[int]:
    """Return those of these ids that others see online."""
    return {user_id for user_id in ids if is_online(user_id)}
