"""The greenlets in which handlers run: no more than the database has connections for."""

import logging
from collections import Counter, deque
from collections.abc import Callable, Hashable
from time import monotonic
from typing import Any, Protocol

import eventlet
from django.conf import settings
from django.db import connections as databases

from chatsite.database import connection_quota
from chatsite.observability.metrics.databases import Watched
from chatsite.realtime.limits import event_costs
from chatsite.realtime.scheduling import loop_meter
from chatsite.realtime.scheduling.hub import hubs
from chatsite.realtime.scheduling.loop_meter import LoopMeter

logger = logging.getLogger("chatsite.realtime")

# Without PostgreSQL, whose connections set how many there are.
RUNNERS = 32
# Steps of one person at once: on SQLite, which writes one after another, the next message waits for each; with PostgreSQL
# this part of the runners, and the fewest.
SQLITE_OF_ONE, SHARE_OF_ONE, FEWEST_OF_ONE = 2, 1 / 4, 2
# Seconds until the hub reads what others have sent meanwhile: where SQLite answers, no step waits for anything.
STRETCH = 0.005


class Worker(Protocol):
    """Something that has steps to be done one after another; `queued` is the runners' own mark. `whose` they are: people
    take turns, however many connections each has."""

    queued: bool

    @property
    def has_work(self) -> bool: ...
    @property
    def only_begins(self) -> bool: ...
    @property
    def whose(self) -> Hashable: ...
    def step(self) -> None: ...


class HandlerPool:
    def __init__(self, give_way: Callable[[], None] = eventlet.sleep) -> None:
        """`give_way()` lets others go first at yield points of a step."""
        self._give_way = give_way
        # By whose turn comes first.
        self._ready: dict[Hashable, deque[Worker]] = {}
        # Those of who has cost more than their share, until that is paid off.
        self._late: dict[Hashable, deque[Worker]] = {}
        # Those of who has as many steps under way as one may, until one of these ends.
        self._full: dict[Hashable, deque[Worker]] = {}
        self._running, self._running_of = 0, Counter[Hashable]()
        postgresql = databases["default"].vendor == "postgresql"
        self._most = connection_quota.handlers(settings.DATABASE_CONNECTIONS) if postgresql else RUNNERS
        share = max(FEWEST_OF_ONE, int(self._most * SHARE_OF_ONE))
        self._most_of_one = share if postgresql else SQLITE_OF_ONE
        self._starting = False
        self._resting = 0

    @property
    def idle(self) -> bool:
        return not self._running and not self._late

    @property
    def busy(self) -> int:
        return self._running

    @property
    def waiting(self) -> int:
        """Workers that have something to do, and no runner yet."""
        return sum(map(len, (*self._ready.values(), *self._late.values(), *self._full.values())))

    def wake(self, worker: Worker) -> None:
        """Never waits. A worker is in the queue once, and in one greenlet at a time: its steps keep their order."""
        if worker.queued or not worker.has_work:
            return
        worker.queued = True
        self._begin(worker)

    def _begin(self, worker: Worker) -> None:
        """What only begins needs no greenlet of its own, which would cost more than the step."""
        while worker.has_work:
            if not worker.only_begins:
                self._queue(worker)
                self._start()
                return
            guarded(worker.step)
        worker.queued = False

    def _start(self) -> None:
        """One more runner, but one at a time: most steps wait for nothing, and then the first does the work of all."""
        if self._running < self._most and not self._starting and not self._resting:
            self._starting = True
            self._running += 1
            eventlet.spawn_n(self._run)

    def _run(self) -> None:
        """Until nothing is left to do. A busy runner keeps its database connection from one step to the next."""
        self._starting = False
        until, meter = monotonic() + STRETCH, loop_meter.start()
        meter.give_way = self._give_way
        try:
            while self._ready:
                if monotonic() > until:
                    self._rest()
                    until = monotonic() + STRETCH
                    continue
                worker = self._take()
                if self._ready:
                    self._start()
                if worker is not None:
                    self._one(worker, meter)
        finally:
            self._running -= 1
            databases.close_all()

    def _rest(self) -> None:
        """The hub has its turn. Nobody need begin meanwhile: this one goes on at once."""
        self._resting += 1
        try:
            eventlet.sleep(0)
        finally:
            self._resting -= 1

    def _queue(self, worker: Worker) -> None:
        self._ready.setdefault(worker.whose, deque()).append(worker)

    def _take(self) -> Worker | None:
        """Whose turn it is; None where they have cost too much or have enough under way, and wait."""
        whose, workers = next(iter(self._ready.items()))
        del self._ready[whose]
        if self._running_of[whose] >= self._most_of_one:
            self._full.setdefault(whose, deque()).extend(workers)
            return None
        if wait := event_costs.wait(whose):
            self._put_off(whose, workers, wait)
            return None
        worker = workers.popleft()
        if workers:
            self._ready[whose] = workers
        return worker

    def _put_off(self, whose: Hashable, workers: deque[Worker], wait: float) -> None:
        if whose in self._late:
            self._late[whose] += workers
            return
        self._late[whose] = workers
        hubs.get_hub().schedule_call_global(wait, self._go_on, whose)

    def _go_on(self, whose: Hashable) -> None:
        self._make_ready(whose, self._late.pop(whose))
        self._start()

    def _make_ready(self, whose: Hashable, workers: deque[Worker]) -> None:
        self._ready.setdefault(whose, deque()).extend(workers)

    def _one(self, worker: Worker, meter: LoopMeter) -> None:
        """One step, then to the back of the queue: a client that sends much waits for those that send little."""
        if worker.has_work:
            whose = worker.whose
            meter.take()
            close_broken()
            self._running_of[whose] += 1
            try:
                guarded(worker.step)
            finally:
                self._ended(whose)
            event_costs.charge(whose, meter.take())
        if worker.has_work:
            self._queue(worker)
        else:
            worker.queued = False

    def _ended(self, whose: Hashable) -> None:
        self._running_of[whose] -= 1
        if not self._running_of[whose]:
            del self._running_of[whose]
        if whose in self._full:
            self._make_ready(whose, self._full.pop(whose))


def guarded(function: Callable[[], Any]) -> None:
    try:
        function()
    except Exception:
        logger.exception("a realtime task failed")


def close_broken() -> None:
    """A connection that was kept may be dead (PostgreSQL restarted): what comes next opens another."""
    for database in databases.all(initialized_only=True):
        if database.errors_occurred or (isinstance(database, Watched) and database.is_broken()):
            database.close()


def anchor() -> None:
    """Hold one connection to SQLite: when the last one closes it writes its whole log back, and that at each message."""
    if databases["default"].vendor == "sqlite":
        databases["default"].ensure_connection()


def with_databases_closed(function: Callable[[], Any]) -> None:
    """Django closes connections at the end of an HTTP request only; a greenlet that ends would leave its own open."""
    try:
        guarded(function)
    finally:
        databases.close_all()


def repeat(seconds: float, function: Callable[[], Any]) -> Any:
    """Call `function` again and again, `seconds` after it last ended. Returns its greenlet."""

    def forever() -> None:
        while True:
            eventlet.sleep(seconds)
            with_databases_closed(function)

    return eventlet.spawn(forever)
