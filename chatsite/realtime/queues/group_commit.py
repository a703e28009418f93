"""Group commit: items that arrive while a batch runs form the next batch."""

import logging
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from functools import partial
from time import monotonic
from typing import Any, ClassVar, Generic, NamedTuple, TypeAlias, TypeVar
from weakref import WeakSet

import eventlet
from django.db import DEFAULT_DB_ALIAS, DatabaseError, InterfaceError, OperationalError, connections
from eventlet.event import Event
from eventlet.greenthread import getcurrent
from eventlet.patcher import is_monkey_patched

from chatsite.database import connection_quota
from chatsite.observability.metrics import counters
from chatsite.realtime.limits import event_costs
from chatsite.realtime.queues.handler_pool import close_broken
from chatsite.realtime.scheduling import loop_meter
from chatsite.realtime.scheduling.hub import guarded, hubs

logger = logging.getLogger("chatsite.realtime")

T = TypeVar("T")
R = TypeVar("R")
Item = TypeVar("Item")
Outcome: TypeAlias = R | Exception
Done: TypeAlias = Callable[[Outcome[R]], None]
Batch: TypeAlias = list[tuple[T, Done[R]]]


class Prepared(NamedTuple, Generic[T, R]):
    """A batch, the value for `run` that `prepare` made of it, and the loop seconds it has taken so far."""

    batch: Batch[T, R]
    prepared: Any
    used: float


class Ran(NamedTuple, Generic[T, R]):
    """A batch that was run: an outcome for each item, what it has left for later, and the loop seconds that it has
    taken so far."""

    batch: Batch[T, R]
    outcomes: list[Outcome[R]]
    later: list[Callable[[], object]]
    used: float


class Signal:
    """Lets one greenlet wait until it is told to go on. An Event takes three times as many calls, and each batch waits
    several times. `awaited` is whether one waits that isn't told yet."""

    def __init__(self) -> None:
        # The one that waits, and the one that goes on in this turn.
        self._waiter: Any = None
        self._woken: Any = None

    @property
    def awaited(self) -> bool:
        return self._waiter is not None

    def wait(self) -> None:
        self._waiter = waiter = getcurrent()
        try:
            hubs.get_hub().switch()
        finally:
            # Also where something else ended the wait.
            if self._waiter is waiter:
                self._waiter = None
            if self._woken is waiter:
                self._woken = None

    def tell(self) -> None:
        """Let the one go on that waits, in the hub's next turn."""
        if self._waiter is not None:
            self._woken, self._waiter = self._waiter, None
            hubs.get_hub().schedule_call_global(0, self._wake, self._woken)

    def _wake(self, waiter: Any) -> None:
        if self._woken is waiter:
            waiter.switch()


class Handover(Generic[Item]):
    """Hands items from one greenlet to another, without a turn of the hub where both are ready. `give` returns once
    the item is taken, or with `wait=False` once there is room for it."""

    def __init__(self) -> None:
        self._held: deque[Item] = deque(maxlen=1)
        # Only one of the two can have to wait.
        self._signal = Signal()

    @property
    def empty(self) -> bool:
        """Whether no item waits to be taken."""
        return not self._held

    @property
    def awaited(self) -> bool:
        """Whether the taker has nothing to do."""
        return not self._held and self._signal.awaited

    def give(self, item: Item, wait: bool = True) -> None:
        while self._held:
            self._signal.wait()
        self._held.append(item)
        self._signal.tell()
        while wait and self._held:
            self._signal.wait()

    def take(self) -> Item:
        while not self._held:
            self._signal.wait()
        item = self._held.popleft()
        self._signal.tell()
        return item


# Items of a batch. So many take some tens of milliseconds; more would only make the first wait for the last.
MAX_ITEMS = 256
# The weight of a batch: nobody else is served while it runs. And the weight up to which an item is light:
# after a heavy batch, light items go without heavy ones.
MAX_WEIGHT, LIGHT_WEIGHT = 10_000, 1000
# The fixed weight of an item when its owner is charged: a short text costs as much as this many characters.
ITEM_WEIGHT = 130
# Where batches are to share what is under way, a batch of so many items isn't divided: it costs less than two.
SHARED_ITEMS = 16
# Seconds for which an idle queue keeps its database connection.
LINGER_SECONDS = 5.0


class GroupCommit(Generic[T, R]):
    """Runs submitted items in batches. `run(items)` returns an outcome for each, in order: a result, or that
    item's exception.

    `weigh(item)` bounds a batch beside the number of its items: to MAX_WEIGHT, or a single item.
    `owner_of(item)` is who submitted it: owners take turns, so that one who sends much delays only
    themselves. With `charged`, owners pay for the loop time of a batch by the weight of their items; an owner
    who has spent more than their share waits until it is paid off. After an exception that `run` raises, each
    item runs by itself, so that a bad one fails alone. `prepare(items)` makes the argument of `run`, while
    the previous batch still runs: the one may wait for the database while the other computes. `gather(items)`
    is asked before each batch with each owner's next item, and returns for how many seconds more items are
    gathered. Where `shares()`, a batch takes at most half of the items under way: what the one leaves the loop to do while
    the database stores it is the other. `name` is the queue's in the metrics.
    """

    # All instances, for whoever lets them go first.
    all: "ClassVar[WeakSet[GroupCommit[Any, Any]]]" = WeakSet()

    def __init__(
        self,
        run: Callable[[Any], list[Outcome[R]]],
        prepare: Callable[[list[T]], Any] = lambda items: items,
        weigh: Callable[[T], int] = lambda item: 0,
        owner_of: Callable[[T], Hashable] = lambda item: None,
        gather: Callable[[Iterator[T]], float] = lambda items: 0.0,
        shares: Callable[[], bool] = lambda: False,
        name: str = "",
        charged: bool = False,
    ) -> None:
        self._name = name
        self._gather = gather
        self._run = run
        self._prepare = prepare
        self._weigh = weigh
        self._owner_of = owner_of
        self._charged = charged
        self._shares = shares
        # By owner, next turn first: their items in order.
        self._waiting: dict[Hashable, deque[tuple[T, Done[R]]]] = {}
        # Items of owners who have spent too much.
        self._late: dict[Hashable, deque[tuple[T, Done[R]]]] = {}
        self._running = False
        # True if the last batch had a heavy item.
        self._was_heavy = False
        # Items that wait or are late, and items of batches that have no outcome yet.
        self._queued = self._taken = 0
        # What the batch that is run has left for later.
        self._later: list[Callable[[], object]] = []
        # Tells the queue that lingers of an item; since when it does (`monotonic`), and whether its end is scheduled.
        self._idle = Signal()
        self._idle_since = 0.0
        self._end_scheduled = False
        self.all.add(self)

    @property
    def busy(self) -> bool:
        """Whether an outcome is soon to come."""
        return self._taken > 0 or bool(self._waiting)

    @property
    def _open(self) -> int:
        """The number of items without an outcome."""
        return self._queued + self._taken

    def submit(self, item: T, done: Done[R]) -> None:
        """Queue an item. `done(outcome)` is called later, in the order of the owner's items; outside of the
        server, before this returns."""
        owner = self._owner_of(item)
        self._queued += 1
        if owner in self._late:
            self._late[owner].append((item, done))
            return
        if (queue := self._waiting.get(owner)) is None:
            queue = self._waiting[owner] = deque()
        queue.append((item, done))
        if self._charged and (wait := event_costs.wait(owner)) and is_monkey_patched("socket"):
            self._put_off(owner, wait)
            return
        self._wake()

    def _put_off(self, owner: Hashable, wait: float) -> None:
        self._late[owner] = self._waiting.pop(owner)
        hubs.get_hub().schedule_call_global(wait, self._go_on, owner)

    def _go_on(self, owner: Hashable) -> None:
        """Queue the owner's items again, if they have paid by now."""
        if wait := event_costs.wait(owner):
            hubs.get_hub().schedule_call_global(wait, self._go_on, owner)
            return
        self._waiting[owner] = self._late.pop(owner)
        self._wake()

    def _wake(self) -> None:
        if self._running:
            self._idle.tell()
            return
        self._running = True
        if is_monkey_patched("socket"):
            eventlet.spawn_n(self._drain)
        else:
            self._drain()

    def later(self, function: Callable[[], object]) -> None:
        """Call `function` once the batch that is run now has its outcomes: before they are told, and while the next batch
        waits for the database."""
        self._later.append(function)

    def run_later(self) -> None:
        """Call what was left for later by a run outside of the queue."""
        later, self._later = self._later, []
        for function in later:
            guarded(function)

    def wait(self, item: T) -> R:
        """Submit an item and return its result. Raises the item's exception."""
        event: Event = Event()
        self.submit(item, event.send)
        outcome: Outcome[R] = event.wait()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def _drain(self) -> None:
        """Run batches until nothing is left and the last one is done. Never runs twice at once."""
        while self._waiting:
            try:
                self._serve()
            except Exception:
                logger.exception("batches were interrupted")
        self._running = False

    def _serve(self) -> None:
        """Run batch after batch, and linger while there is none."""
        # Outside of the server this greenlet has done something else before.
        loop_meter.of_greenlet().take()
        if not is_monkey_patched("socket"):
            self._answer_all(self._run_batch(self._next()))
            return
        connection_quota.use_batch_share()
        kept = [connections[DEFAULT_DB_ALIAS]]
        prepared: Handover[Prepared[T, R] | None] = Handover()
        runner = eventlet.spawn(self._run_all, prepared)
        try:
            while self._waiting or self._linger():
                close_broken(kept)
                if seconds := self._gather(queue[0][0] for queue in self._waiting.values()):
                    eventlet.sleep(seconds)
                # Meanwhile their owners may have spent too much, and be late.
                if self._waiting:
                    batch = self._next()
                    # The next batch is made once this one is in the database, and takes what has come until then.
                    prepared.give(batch, wait=bool(self._waiting) or not prepared.awaited)
        finally:
            prepared.give(None)
            runner.wait()
            self._taken = 0
            connections.close_all()

    def _run_all(self, prepared: "Handover[Prepared[T, R] | None]") -> None:
        connection_quota.use_batch_share()
        loop_meter.start()
        kept = [connections[DEFAULT_DB_ALIAS]]
        done: Handover[Ran[T, R] | None] = Handover()
        answerer = eventlet.spawn(self._answer_each, done)
        try:
            while (given := prepared.take()) is not None:
                close_broken(kept)
                ran = self._run_batch(given)
                if prepared.empty and done.awaited:
                    # No batch waits for the database meanwhile.
                    guarded(partial(self._answer_all, ran))
                else:
                    done.give(ran, wait=False)
        finally:
            done.give(None)
            answerer.wait()
            connections.close_all()

    def _answer_each(self, done: "Handover[Ran[T, R] | None]") -> None:
        """Answer batch after batch, each while the next one waits for the database."""
        loop_meter.start()
        try:
            while (given := done.take()) is not None:
                guarded(partial(self._answer_all, given))
        finally:
            connections.close_all()

    def _next(self) -> Prepared[T, R]:
        batch = self._next_batch()
        self._queued -= len(batch)
        self._taken += len(batch)
        prepared = self._attempt(self._prepare, [item for item, _ in batch])
        return Prepared(batch, prepared, loop_meter.of_greenlet().take())

    def _run_batch(self, given: Prepared[T, R]) -> Ran[T, R]:
        batch, prepared, used = given
        began = monotonic()
        outcomes = self._outcomes([item for item, _ in batch], prepared)
        counters.batch(self._name, len(batch), monotonic() - began)
        self._taken -= len(batch)
        later, self._later = self._later, []
        return Ran(batch, outcomes, later, used + loop_meter.of_greenlet().take())

    def _answer_all(self, given: Ran[T, R]) -> None:
        batch, outcomes, later, used = given
        for function in later:
            guarded(function)
        for number, (_, done) in enumerate(batch):
            # A run that returns too few outcomes is at fault; nobody must wait for an answer because of it.
            self._answer(done, outcomes[number] if number < len(outcomes) else RuntimeError("no outcome"))
        if self._charged:
            self._charge(batch, used + loop_meter.of_greenlet().take())

    def _charge(self, batch: Batch[T, R], seconds: float) -> None:
        """Charge each owner their part. An owner who has spent too much by now lets the others go first."""
        weights: dict[Hashable, int] = {}
        for item, _ in batch:
            owner = self._owner_of(item)
            weights[owner] = weights.get(owner, 0) + ITEM_WEIGHT + self._weigh(item)
        each = seconds / sum(weights.values())
        for owner, weight in weights.items():
            event_costs.charge(owner, weight * each)
            if owner in self._waiting and owner not in self._late and (wait := event_costs.wait(owner)):
                self._put_off(owner, wait)

    def _linger(self) -> bool:
        """Wait for another item; return whether one came. Making a database connection takes longer than
        storing a message."""
        self._idle_since = monotonic()
        if not self._end_scheduled:
            self._end_scheduled = True
            hubs.get_hub().schedule_call_global(LINGER_SECONDS, self._end_lingering)
        self._idle.wait()
        return bool(self._waiting)

    def _end_lingering(self) -> None:
        """Let the queue end that has lingered for LINGER_SECONDS. One timer for all batches: each lingers."""
        left = self._idle_since + LINGER_SECONDS - monotonic()
        self._end_scheduled = self._idle.awaited and left > 0
        if self._end_scheduled:
            hubs.get_hub().schedule_call_global(left, self._end_lingering)
        else:
            self._idle.tell()

    def _next_batch(self) -> Batch[T, R]:
        """Take the items whose owners are next. After a heavy batch, waiting light items go without heavy
        ones."""
        batch: Batch[T, R] = []
        room, was_heavy = MAX_WEIGHT, False
        owners = (self._light() if self._was_heavy else None) or self._waiting
        most = MAX_ITEMS
        if self._shares():
            most = min(most, max(SHARED_ITEMS, (self._open + 1) // 2))
        while owners and len(batch) < most:
            owner, queue = next(iter(owners.items()))
            weight = self._weigh(queue[0][0])
            room -= weight
            if batch and room < 0:
                break
            was_heavy = was_heavy or weight > LIGHT_WEIGHT
            batch.append(queue.popleft())
            self._to_the_back(owner, owners)
        self._was_heavy = was_heavy
        return batch

    def _light(self) -> dict[Hashable, deque[tuple[T, Done[R]]]]:
        """Return the queues whose next item is light."""
        return {
            owner: queue for owner, queue in self._waiting.items() if self._weigh(queue[0][0]) <= LIGHT_WEIGHT
        }

    def _to_the_back(self, owner: Hashable, owners: dict[Hashable, deque[tuple[T, Done[R]]]]) -> None:
        queue = self._waiting.pop(owner)
        if queue:
            self._waiting[owner] = queue
        if owners is not self._waiting:
            del owners[owner]
            if queue and self._weigh(queue[0][0]) <= LIGHT_WEIGHT:
                owners[owner] = queue

    def _attempt(self, function: Callable[[Any], Any], argument: Any) -> Any:
        """Return the function's result, or the exception it raised."""
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
            # The database is away: one attempt for each item would keep everyone waiting for the same answer.
            logger.warning("a batch of %d could not be done: %s", len(items), result)
            return [result for _ in items]
        if len(items) > 1:
            # The answer to the item that fails again says why.
            logger.warning("a batch of %d is tried one by one: %s", len(items), type(result).__name__)
        return [outcome for item in items for outcome in self._run_alone(item)]

    def _run_alone(self, item: T) -> list[Outcome[R]]:
        """Run one item, twice after a database error: the second attempt sees the row that another process
        wrote first."""
        for _ in range(2):
            prepared = self._attempt(self._prepare, [item])
            result = prepared if isinstance(prepared, Exception) else self._attempt(self._run, prepared)
            if not isinstance(result, DatabaseError):
                break
        return [result] if isinstance(result, Exception) else list(result)

    @staticmethod
    def _answer(done: Done[R], outcome: Outcome[R]) -> None:
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
