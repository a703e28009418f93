"""The registry of who is online over all processes of the site, by leases in Redis.

Each process keeps the set of its people under a key that expires if it isn't renewed. Changes are published at once;
comparing the sets repairs what a process missed. Queries are answered from a view in memory, never by Redis.
"""

import logging
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import filterfalse
from time import monotonic
from typing import Any, Protocol, cast

from redis import Redis

from accounts.presence.presence import Later, MemoryPresence
from chatsite.database.chunks import chunked
from chatsite.realtime.delivery import delivery, peers
from chatsite.realtime.delivery.multimap import Multimap
from chatsite.realtime.scheduling.background import Timer

logger = logging.getLogger(__name__)

# Seconds that a lease lasts, between its renewals, and between checks for leases that ended.
LEASE_SECONDS, RENEW_SECONDS, WATCH_SECONDS = 15, 5.0, 1.0
# Seconds without word of a process before its missing lease counts: Redis itself may have lost the lease.
SILENCE_SECONDS = 10.0
# Seconds for which changes are collected before they are published.
GATHER_SECONDS = 0.05
# Redis' TTL answers for a key that isn't there, and for one that doesn't expire.
NO_KEY, NO_END = -2, -1
IDS_PER_COMMAND = 1000
# An id that nobody has, in every lease: the set of a process without people still exists and isn't taken for a lost
# one.
NOBODY = 0
# Shapes of what the sets may hold; whoever can write to Redis may have put in something else.
WORKER, ID = re.compile(rb"[a-z0-9]{1,16}"), re.compile(rb"[0-9]{1,18}")


class Site(Protocol):
    """The part of the cluster that presence uses."""

    worker: str
    prefix: str

    @property
    def up(self) -> bool: ...

    def put(self, key: str, *words: str | int) -> None:
        """Queue a command on that key; it is lost while Redis is away."""

    def client(self, key: str) -> Redis:
        """Return the connection on which to read that key. Raises while Redis is away."""
        ...


def nothing(user_id: int) -> None:
    """Ignore the report."""


class RedisPresence(MemoryPresence):
    """The registry of one process that also knows the others'. Calls `arrived(user_id)` and `gone(user_id)` for
    people who come online or go offline in another process, and `moved(user_id)` for those who are online before and
    after; `connect` and `disconnect` report this process's own."""

    def __init__(
        self,
        site: Site,
        arrived: Callable[[int], object],
        gone: Callable[[int], object],
        later: Later = Timer,
        clock: Callable[[], float] = monotonic,
        moved: Callable[[int], object] = nothing,
    ) -> None:
        super().__init__(later)
        self.site, self.arrived, self.gone, self.clock = site, arrived, gone, clock
        self.worker, self.moved = site.worker, moved
        self._index = f"{site.prefix}workers"
        self._elsewhere: Multimap[int, str] = Multimap()
        self._by_worker: dict[str, set[int]] = {}
        self._last_heard: dict[str, float] = {}
        self._missing_leases: Counter[str] = Counter()
        # Differences of the last comparison by worker: they may only have been on their way.
        self._unconfirmed: dict[str, set[int]] = {}
        self._changed: set[int] = set()
        self._trusted_from = clock() + SILENCE_SECONDS
        peers.register("alive", self._on_alive, str)
        peers.register("presence", self._on_presence, str, list, list)

    def connect(self, user_id: int, sid: str) -> bool:
        local = user_id in self._sids or user_id in self._leaving
        arriving = super().connect(user_id, sid)
        if not local:
            self._change(user_id)
        return arriving

    def online(self) -> Iterator[int]:
        yield from super().online()
        yield from filterfalse(self.is_local, self._elsewhere.keys())

    def is_online(self, user_id: int) -> bool:
        return super().is_online(user_id) or user_id in self._elsewhere

    def is_elsewhere(self, user_id: int) -> bool:
        return user_id in self._elsewhere

    def workers(self, user_id: int) -> list[str]:
        return self._elsewhere.members(user_id)

    def other_workers(self) -> set[str]:
        return set(self._by_worker)

    def _leave(self, user_id: int, gone: Callable[[int], object]) -> None:
        if self._leaving.pop(user_id, None) is not None:
            self._change(user_id)
            if user_id not in self._elsewhere:
                gone(user_id)

    def _change(self, user_id: int) -> None:
        if not self._changed:
            self.later(GATHER_SECONDS, self._publish_changes)
        self._changed.add(user_id)

    def _publish_changes(self) -> None:
        """Write the lease and then publish: a process that reads the lease because of the word finds the change in
        it."""
        changed, self._changed = sorted(self._changed), set()
        local = self.local_ids()
        for some in chunked(changed, IDS_PER_COMMAND):
            came = [user_id for user_id in some if user_id in local]
            went = [user_id for user_id in some if user_id not in local]
            self._write(came, went)
            delivery.notify_processes("presence", self.site.worker, came, went)

    def _write(self, came: list[int], went: list[int]) -> None:
        """Queue the commands that add and remove people in this process's lease."""
        key = self._lease(self.site.worker)
        self.site.put(key, "SADD", key, NOBODY, *came)
        self.site.put(key, "EXPIRE", key, LEASE_SECONDS)
        if went:
            self.site.put(key, "SREM", key, *went)

    def renew(self) -> None:
        """Renew this process's lease and tell the others that it is alive."""
        key = self._lease(self.site.worker)
        self.site.put(key, "EXPIRE", key, LEASE_SECONDS)
        self.site.put(self._index, "SADD", self._index, self.site.worker)
        delivery.notify_processes("alive", self.site.worker)

    def compare_leases(self) -> None:
        """Compare the view with all leases, and this process's lease with its people. Raises while Redis is away."""
        self._repair_own_lease()
        for worker in self._workers():
            found = self._people(worker)
            known = self._by_worker.get(worker, set())
            if found is not None:
                self._compare(worker, found, known)
            elif not known and self._silent(worker):
                self._forget(worker)

    def _repair_own_lease(self) -> None:
        """Rewrite this process's lease if it differs from its people by more than changes that are on their way."""
        key, local = self._lease(self.site.worker), self.local_ids()
        found = self._people(self.site.worker)
        if found is not None and found ^ local <= self._changed:
            return
        self.site.put(key, "DEL", key)
        self._write([], [])
        for some in chunked(sorted(local), IDS_PER_COMMAND):
            self._write(some, [])

    def _compare(self, worker: str, found: set[int], known: set[int]) -> None:
        """Apply differences that two comparisons in a row have found."""
        different = found ^ known
        certain = different & self._unconfirmed.get(worker, set())
        self._unconfirmed[worker] = different - certain
        self._apply(worker, certain & found, certain - found)

    def begin(self) -> None:
        """Load the leases into the view before anybody is connected, without reporting arrivals. Raises while Redis
        is away."""
        for worker in self._workers():
            for user_id in self._people(worker) or ():
                self._add(worker, user_id)

    def watch(self) -> None:
        """Drop processes whose lease ended. Raises while Redis is away."""
        if not self.site.up:
            self.unsettle()
            return
        now = self.clock()
        for worker in [worker for worker, people in self._by_worker.items() if people]:
            if self._has_lease(worker):
                self._missing_leases.pop(worker, None)
                continue
            self._missing_leases[worker] += 1
            if self._missing_leases[worker] > 1 and self._silent(worker) and now >= self._trusted_from:
                self._drop(worker)

    def _has_lease(self, worker: str) -> bool:
        """Return whether the lease is there; give it an end if it has none or a late one. Redis expires keys by its
        clock: a clock that was set back, or a process that died between two commands, would leave a lease for long."""
        key = self._lease(worker)
        left = int(self.site.client(key).ttl(key))
        if left == NO_END or left > LEASE_SECONDS:
            self.site.put(key, "EXPIRE", key, LEASE_SECONDS)
        return left != NO_KEY

    def unsettle(self) -> None:
        """Distrust missing leases for SILENCE_SECONDS, as Redis doesn't answer."""
        self._trusted_from = self.clock() + SILENCE_SECONDS
        self._missing_leases.clear()

    def _silent(self, worker: str) -> bool:
        """Return whether nothing was heard of the process for SILENCE_SECONDS."""
        return self.clock() - self._last_heard.get(worker, -SILENCE_SECONDS) >= SILENCE_SECONDS

    def _drop(self, worker: str) -> None:
        """Take the people of a process that ended offline."""
        logger.warning("Another process of the site is gone: %s", worker)
        self._apply(worker, set(), set(self._by_worker[worker]))
        self._forget(worker)

    def _forget(self, worker: str) -> None:
        """Remove a process from the view and from the index in Redis."""
        for kept in (self._by_worker, self._last_heard, self._missing_leases, self._unconfirmed):
            kept.pop(worker, None)
        self.site.put(self._index, "SREM", self._index, worker)

    def _on_alive(self, worker: str) -> None:
        """Note when a process was last heard of."""
        self._last_heard[worker] = self.clock()

    def _on_presence(self, worker: str, came: list[Any], went: list[Any]) -> None:
        """Apply changes that another process published."""
        self._on_alive(worker)
        self._apply(worker, user_ids_in(came), user_ids_in(went))

    def _apply(self, worker: str, came: Iterable[int], went: Iterable[int]) -> None:
        """Update the view, and report people who thereby came online, went offline, or are in other processes now."""
        for user_id in came:
            online = self.is_online(user_id)
            self._add(worker, user_id)
            (self.moved if online else self.arrived)(user_id)
        for user_id in went:
            self._by_worker.get(worker, set()).discard(user_id)
            if user_id in self._elsewhere:
                self._elsewhere.discard(user_id, worker)
                (self.moved if self.is_online(user_id) else self.gone)(user_id)

    def _add(self, worker: str, user_id: int) -> None:
        self._by_worker.setdefault(worker, set()).add(user_id)
        self._elsewhere.add(user_id, worker)

    def _workers(self) -> list[str]:
        """Return the other processes of the index."""
        found = cast(set[bytes], self.site.client(self._index).smembers(self._index))
        names = [name.decode("ascii") for name in found if WORKER.fullmatch(name)]
        return [worker for worker in names if worker != self.site.worker]

    def _people(self, worker: str) -> set[int] | None:
        """Return the people of a process's lease; None if there is no lease."""
        key = self._lease(worker)
        members = cast(set[bytes], self.site.client(key).smembers(key))
        return {int(member) for member in members if ID.fullmatch(member)} - {NOBODY} if members else None

    def _lease(self, worker: str) -> str:
        return f"{self.site.prefix}here:{worker}"


def user_ids_in(ids: list[Any]) -> set[int]:
    """Return the integers of a list that another process sent."""
    return {user_id for user_id in ids if type(user_id) is int}
