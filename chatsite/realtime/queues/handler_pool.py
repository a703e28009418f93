"""Greenlets in which handlers of events run: no more than the database has connections for."""

from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterable
from time import monotonic
from typing import Any, Protocol

import eventlet
from django.conf import settings
from django.db import connections as databases
from django.db.backends.base.base import BaseDatabaseWrapper

from chatsite.database import connection_quota
from chatsite.observability.metrics.databases import Watched
from chatsite.realtime.limits import event_costs
from chatsite.realtime.scheduling import loop_meter
from chatsite.realtime.scheduling.hub import guarded, hubs
from chatsite.realtime.scheduling.loop_meter import LoopMeter

# Handlers at once without PostgreSQL, whose connections bound them there.
SQLITE_HANDLERS = 32
# Steps of one person at once: on SQLite, which writes one after another, their next message waits for each;
# with PostgreSQL this share of the handlers, and at least so many.
SQLITE_STEPS_PER_PERSON, PERSON_SHARE, MIN_STEPS_PER_PERSON = 2, 1 / 4, 2
# Seconds that a handler runs before the hub reads what has arrived: where SQLite answers, no step waits for
# anything.
RUN_SECONDS = 0.005
# Seconds until a job is called again that failed: most do where the database is away, and each failure is a line of log.
FAILED_SECONDS = 5.0


class Worker(Protocol):
    """Something with steps to be run one after another. `queued` is the pool's own mark. `payer` pays for
    them: people take turns, however many connections each has."""

    queued: bool

    @property
    def has_work(self) -> bool: ...
    @property
    def only_starts(self) -> bool: ...
    @property
    def payer(self) -> Hashable: ...
    def step(self) -> None: ...


class HandlerPool:
    """Runs the steps of workers: payers in turn, a worker's steps in order."""

    def __init__(self, give_way: Callable[[], None] = eventlet.sleep) -> None:
        """`give_way()` lets others go first at yield points of a step."""
        self._give_way = give_way
        # By payer, next turn first: their workers.
        self._ready: dict[Hashable, deque[Worker]] = {}
        # Workers of payers who have spent more than their share, until that is paid off.
        self._late: dict[Hashable, deque[Worker]] = {}
        # Workers of payers with as many steps under way as one may have, until a step ends.
        self._full: dict[Hashable, deque[Worker]] = {}
        self._running, self._running_of = 0, Counter[Hashable]()
        postgresql = databases["default"].vendor == "postgresql"
        self._max_running = (
            connection_quota.max_handlers(settings.DATABASE_CONNECTIONS) if postgresql else SQLITE_HANDLERS
        )
        share = max(MIN_STEPS_PER_PERSON, int(self._max_running * PERSON_SHARE))
        self._max_per_person = share if postgresql else SQLITE_STEPS_PER_PERSON
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
        """The number of workers that have something to do and no greenlet yet."""
        return sum(map(len, (*self._ready.values(), *self._late.values(), *self._full.values())))

    def wake(self, worker: Worker) -> None:
        """Queue the worker if it has work. Never waits. A worker is queued once and in one greenlet at a
        time: its steps keep their order."""
        if worker.queued or not worker.has_work:
            return
        worker.queued = True
        self._begin(worker)

    def _begin(self, worker: Worker) -> None:
        """Run steps of a worker with work that only start something at once: a greenlet would cost more than
        the step."""
        while worker.only_starts:
            guarded(worker.step)
            if not worker.has_work:
                worker.queued = False
                return
        self._queue(worker)
        self._start()

    def _start(self) -> None:
        """Start one more greenlet, one at a time: most steps wait for nothing, and then the first greenlet
        does all the work."""
        if self._running < self._max_running and not self._starting and not self._resting:
            self._starting = True
            self._running += 1
            eventlet.spawn_n(self._run)

    def _run(self) -> None:
        """Run steps until none is left. A busy greenlet keeps its database connection from one step to the
        next."""
        self._starting = False
        until, meter = monotonic() + RUN_SECONDS, loop_meter.start(self._give_way)
        try:
            while self._ready:
                if monotonic() > until:
                    self._rest()
                    until = monotonic() + RUN_SECONDS
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
        """Give the hub a turn. No greenlet is started meanwhile: this one goes on at once."""
        self._resting += 1
        try:
            eventlet.sleep(0)
        finally:
            self._resting -= 1

    def _queue(self, worker: Worker) -> None:
        payer = worker.payer
        if (workers := self._ready.get(payer)) is None:
            workers = self._ready[payer] = deque()
        workers.append(worker)

    def _take(self) -> Worker | None:
        """Take the next worker; None where its payer has spent too much or has enough under way, and waits."""
        payer, workers = next(iter(self._ready.items()))
        del self._ready[payer]
        if self._running_of[payer] >= self._max_per_person:
            self._full.setdefault(payer, deque()).extend(workers)
            return None
        if wait := event_costs.wait(payer):
            self._put_off(payer, workers, wait)
            return None
        worker = workers.popleft()
        if workers:
            self._ready[payer] = workers
        return worker

    def _put_off(self, payer: Hashable, workers: deque[Worker], wait: float) -> None:
        if payer in self._late:
            self._late[payer] += workers
            return
        self._late[payer] = workers
        hubs.get_hub().schedule_call_global(wait, self._go_on, payer)

    def _go_on(self, payer: Hashable) -> None:
        self._make_ready(payer, self._late.pop(payer))
        self._start()

    def _make_ready(self, payer: Hashable, workers: deque[Worker]) -> None:
        self._ready.setdefault(payer, deque()).extend(workers)

    def _one(self, worker: Worker, meter: LoopMeter) -> None:
        """Run one step, then queue the worker last: a client that sends much waits for those that send
        little."""
        if worker.has_work:
            payer = worker.payer
            meter.take()
            close_broken(databases.all(initialized_only=True))
            self._running_of[payer] += 1
            try:
                guarded(worker.step)
            finally:
                self._ended(payer)
            event_costs.charge(payer, meter.take())
        if worker.has_work:
            self._queue(worker)
        else:
            worker.queued = False

    def _ended(self, payer: Hashable) -> None:
        self._running_of[payer] -= 1
        if not self._running_of[payer]:
            del self._running_of[payer]
        if payer in self._full:
            self._make_ready(payer, self._full.pop(payer))


def close_broken(kept: Iterable[BaseDatabaseWrapper]) -> None:
    """Close kept connections that are dead (PostgreSQL restarted), so that the next query opens another."""
    for database in kept:
        if database.errors_occurred or (isinstance(database, Watched) and database.is_broken()):
            database.close()


def hold_sqlite_open() -> None:
    """Hold one connection to SQLite: closing the last one checkpoints its whole log, which would happen at
    each message."""
    if databases["default"].vendor == "sqlite":
        databases["default"].ensure_connection()


def with_databases_closed(function: Callable[[], Any]) -> bool:
    """Call `function`, then close this greenlet's connections: Django does so at the end of HTTP requests only. Return
    whether it succeeded."""
    try:
        done = guarded(function)
    finally:
        # What can't be closed mustn't end a job that is to be repeated.
        closed = guarded(databases.close_all)
    return done and closed


def repeat(seconds: float, function: Callable[[], Any]) -> Any:
    """Call `function` again and again, `seconds` after it last ended, and FAILED_SECONDS after a failure at least. Returns
    its greenlet."""

    def forever() -> None:
        wait = seconds
        while True:
            eventlet.sleep(wait)
            wait = seconds if with_databases_closed(function) else max(seconds, FAILED_SECONDS)

    return eventlet.spawn(forever)
