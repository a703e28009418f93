"""Group commit: what comes in while a batch runs is gathered, and runs together as the next one."""

import logging
from collections import deque
from collections.abc import Callable, Hashable
from time import monotonic
from typing import Any, ClassVar, Generic, NamedTuple, TypeAlias, TypeVar
from weakref import WeakSet

import eventlet
from django.db import DatabaseError, InterfaceError, OperationalError, connections
from eventlet.event import Event
from eventlet.patcher import is_monkey_patched
from eventlet.queue import LightQueue

from chatsite.database import connection_quota
from chatsite.observability.metrics import counters
from chatsite.realtime.limits import event_costs
from chatsite.realtime.queues.handler_pool import close_broken
from chatsite.realtime.scheduling import loop_meter
from chatsite.realtime.scheduling.hub import hubs

logger = logging.getLogger("chatsite.realtime")

T = TypeVar("T")
R = TypeVar("R")
Outcome: TypeAlias = R | Exception
Done: TypeAlias = Callable[[Outcome[R]], None]
Batch: TypeAlias = list[tuple[T, Done[R]]]


class Prepared(NamedTuple, Generic[T, R]):
    """A batch, what `run` is given of it, and the seconds of the loop that it took so far."""

    batch: Batch[T, R]
    prepared: Any
    used: float


# A batch of this size takes some tens of milliseconds; a larger one would only make the first wait for the last.
MOST = 256
# The same for long items: while a batch runs, nobody else does. And what an item weighs at most that waits for no second
# batch of heavier ones.
HEAVIEST, LIGHT = 10_000, 1000
# What an item weighs beside its own weight, for who pays for it: a short text costs as much as this many characters.
ITEM = 130
# Seconds for which the connection is kept when nothing is left to do.
LINGER = 5.0


class GroupCommit(Generic[T, R]):
    """`run(items)` gives an outcome for each, in order: a result, or the exception that is this one's answer.

    `weigh(item)` bounds a batch beside the number of its items: no more than HEAVIEST, or a single one.
    `whose(item)` names who submitted it: those who wait take turns, so that one who sends much delays only themselves.
    Where they are `charged`, they pay for what the batch cost the loop, each by the weight of their items; who has spent
    more than their share waits until that is paid off.
    An exception that `run` raises is nobody's in particular: then each item runs by itself, so that a bad one fails alone.
    `prepare(items)` makes what `run` is given, while the batch before is still run: the one may wait for the database
    while the other computes. `name` is what its metrics call it.
    """

    # For who lets all others go first.
    all: "ClassVar[WeakSet[GroupCommit[Any, Any]]]" = WeakSet()

    def __init__(
        self,
        run: Callable[[Any], list[Outcome[R]]],
        prepare: Callable[[list[T]], Any] = lambda items: items,
        weigh: Callable[[T], int] = lambda item: 0,
        whose: Callable[[T], Hashable] = lambda item: None,
        name: str = "",
        charged: bool = False,
    ) -> None:
        self._name = name
        self._run = run
        self._prepare = prepare
        self._weigh = weigh
        self._whose = whose
        self._charged = charged
        # By whose turn comes first; each with what they submitted, in its order.
        self._waiting: dict[Hashable, deque[tuple[T, Done[R]]]] = {}
        # Those of who has cost too much.
        self._late: dict[Hashable, deque[tuple[T, Done[R]]]] = {}
        self._running = False
        # Whether there was more than light ones in the last batch.
        self._was_heavy = False
        # Items that were taken out of those who wait, and have no outcome yet.
        self._taken = 0
        self._lingering: Event | None = None
        self.all.add(self)

    @property
    def busy(self) -> bool:
        """Whether an outcome is soon to come."""
        return self._taken > 0 or bool(self._waiting)

    def submit(self, item: T, done: Done[R]) -> None:
        """`done(outcome)` follows, in the order of one's submissions. Outside of the server, before this returns."""
        owner = self._whose(item)
        if owner in self._late:
            self._late[owner].append((item, done))
            return
        self._waiting.setdefault(owner, deque()).append((item, done))
        if self._charged and (wait := event_costs.wait(owner)) and is_monkey_patched("socket"):
            self._put_off(owner, wait)
            return
        self._wake()

    def _put_off(self, owner: Hashable, wait: float) -> None:
        self._late[owner] = self._waiting.pop(owner)
        hubs.get_hub().schedule_call_global(wait, self._go_on, owner)

    def _go_on(self, owner: Hashable) -> None:
        """Some of what they wait for, if they have paid by now."""
        if wait := event_costs.wait(owner):
            hubs.get_hub().schedule_call_global(wait, self._go_on, owner)
            return
        self._waiting[owner] = self._late.pop(owner)
        self._wake()

    def _wake(self) -> None:
        if self._lingering is not None:
            self._lingering.send()
            self._lingering = None
        if self._running:
            return
        self._running = True
        if is_monkey_patched("socket"):
            eventlet.spawn_n(self._drain)
        else:
            self._drain()

    def wait(self, item: T) -> R:
        """The result; raises what `run` gave or raised."""
        event: Event = Event()
        self.submit(item, event.send)
        outcome: Outcome[R] = event.wait()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def _drain(self) -> None:
        """Until nothing is left, and the last batch is done: there are never two of these at once."""
        while self._waiting:
            try:
                self._serve()
            except Exception:
                logger.exception("batches were interrupted")
        self._running = False

    def _serve(self) -> None:
        """Batch after batch, and for a while of nothing."""
        if not is_monkey_patched("socket"):
            self._finish(*self._next())
            return
        # With room for none: who puts something in waits until it is taken, when the batch before is done.
        connection_quota.for_batches()
        prepared: LightQueue = LightQueue(0)
        finisher = eventlet.spawn(self._finish_all, prepared)
        try:
            while self._waiting or self._linger():
                close_broken()
                prepared.put(self._next())
        finally:
            prepared.put(None)
            finisher.wait()
            self._taken = 0
            connections.close_all()

    def _finish_all(self, prepared: LightQueue) -> None:
        connection_quota.for_batches()
        try:
            while (given := prepared.get()) is not None:
                close_broken()
                self._finish(*given)
        finally:
            connections.close_all()

    def _next(self) -> Prepared[T, R]:
        meter = loop_meter.of_greenlet()
        meter.take()
        batch = self._next_batch()
        self._taken += len(batch)
        prepared = self._attempt(self._prepare, [item for item, _ in batch])
        return Prepared(batch, prepared, meter.take())

    def _finish(self, batch: Batch[T, R], prepared: Any, used: float) -> None:
        began, meter = monotonic(), loop_meter.of_greenlet()
        meter.take()
        outcomes = self._outcomes([item for item, _ in batch], prepared)
        counters.batch(self._name, len(batch), monotonic() - began)
        self._taken -= len(batch)
        for number, (_, done) in enumerate(batch):
            # A run that gives too few is at fault, and nobody else must wait for an answer because of it.
            self._tell(done, outcomes[number] if number < len(outcomes) else RuntimeError("no outcome"))
        if self._charged:
            self._charge(batch, used + meter.take())

    def _charge(self, batch: Batch[T, R], seconds: float) -> None:
        """Each for their part. Who has spent too much by now lets the others go first."""
        weights: dict[Hashable, int] = {}
        for item, _ in batch:
            owner = self._whose(item)
            weights[owner] = weights.get(owner, 0) + ITEM + self._weigh(item)
        each = seconds / sum(weights.values())
        for owner, weight in weights.items():
            event_costs.charge(owner, weight * each)
            if owner in self._waiting and owner not in self._late and (wait := event_costs.wait(owner)):
                self._put_off(owner, wait)

    def _linger(self) -> bool:
        """Whether there is more after all. A database connection takes longer to make than a message to store."""
        if not is_monkey_patched("socket"):
            return False
        self._lingering = Event()
        with eventlet.Timeout(LINGER, False):
            self._lingering.wait()
        self._lingering = None
        return bool(self._waiting)

    def _next_batch(self) -> Batch[T, R]:
        """Those whose turn it is. After a heavy one, light ones that wait go without others."""
        batch: Batch[T, R] = []
        room, was_heavy = HEAVIEST, False
        owners = (self._light() if self._was_heavy else None) or self._waiting
        while owners and len(batch) < MOST:
            owner, queue = next(iter(owners.items()))
            weight = self._weigh(queue[0][0])
            room -= weight
            if batch and room < 0:
                break
            was_heavy = was_heavy or weight > LIGHT
            batch.append(queue.popleft())
            self._to_the_back(owner, owners)
        self._was_heavy = was_heavy
        return batch

    def _light(self) -> dict[Hashable, deque[tuple[T, Done[R]]]]:
        """Those of whom a light one comes next."""
        return {owner: queue for owner, queue in self._waiting.items() if self._weigh(queue[0][0]) <= LIGHT}

    def _to_the_back(self, owner: Hashable, owners: dict[Hashable, deque[tuple[T, Done[R]]]]) -> None:
        queue = self._waiting.pop(owner)
        if queue:
            self._waiting[owner] = queue
        if owners is not self._waiting:
            del owners[owner]
            if queue and self._weigh(queue[0][0]) <= LIGHT:
                owners[owner] = queue

    def _attempt(self, function: Callable[[Any], Any], argument: Any) -> Any:
        """What it gives, or the exception it raises."""
        try:
            return function(argument)
        except Exception as error:
            if isinstance(error, DatabaseError | InterfaceError):
                self._forget_connection()
            return error

    def _outcomes(self, items: list[T], prepared: Any = None) -> list[Outcome[R]]:
        if prepared is None:
            prepared = self._attempt(self._prepare, items)
        result = prepared if isinstance(prepared, Exception) else self._attempt(self._run, prepared)
        if not isinstance(result, Exception):
            return list(result)
        if isinstance(result, OperationalError | InterfaceError):
            # The database is away: asking it once for each would keep everyone waiting for the same answer.
            logger.warning("a batch of %d could not be done: %s", len(items), result)
            return [result for _ in items]
        if len(items) > 1:
            # Who asked for one that fails again says why.
            logger.warning("a batch of %d is tried one by one: %s", len(items), type(result).__name__)
        return [outcome for item in items for outcome in self._alone(item)]

    def _alone(self, item: T) -> list[Outcome[R]]:
        """Twice, as who was quicker in another process is found by a second look."""
        for _ in range(2):
            prepared = self._attempt(self._prepare, [item])
            result = prepared if isinstance(prepared, Exception) else self._attempt(self._run, prepared)
            if not isinstance(result, DatabaseError):
                break
        return [result] if isinstance(result, Exception) else list(result)

    @staticmethod
    def _tell(done: Done[R], outcome: Outcome[R]) -> None:
        try:
            done(outcome)
        except Exception:
            logger.exception("an answer failed")

    @staticmethod
    def _forget_connection() -> None:
        if not is_monkey_patched("socket"):
            return
        for database in connections.all(initialized_only=True):
            if not database.in_atomic_block:
                database.close()
