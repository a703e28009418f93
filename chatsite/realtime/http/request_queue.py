"""The queue of HTTP requests: few at once, payers in turn, behind live events, and within everyone's share of
the loop.

One thread serves everybody. A connection with requests in store, or eight such connections, would keep it as
long as they last: a message needs several turns of the hub, each of which would be behind a request.
"""

from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Hashable, Iterable, Mapping
from time import monotonic
from typing import Any, Protocol

from django.db import connections as databases
from eventlet import hubs
from eventlet.greenthread import getcurrent

from chatsite.contract.errors import ChatError, RateLimited, Unavailable
from chatsite.database import connection_quota
from chatsite.observability.addresses import client_address
from chatsite.observability.metrics import counters
from chatsite.realtime.http import refused_request
from chatsite.realtime.http.request_payers import KnownPeople, credential_of
from chatsite.realtime.limits.event_costs import Budget, loop_budget
from chatsite.realtime.limits.limits import is_this_machine
from chatsite.realtime.limits.request_rates import RequestRates
from chatsite.realtime.queues import read_queue
from chatsite.realtime.scheduling.loop_meter import LoopMeter

# Requests that compute at once. On SQLite nothing waits, and one is all; PostgreSQL answers others meanwhile.
SQLITE_AT_ONCE, POSTGRESQL_AT_ONCE = 1, 3
# Requests that have begun and haven't ended, most of which wait (for a password's hash, mail, other
# processes, a slow statement), without PostgreSQL, whose connections set how many there are. And the share of
# them that one payer may have, and the fewest.
MAX_BEGUN, PAYER_SHARE, MIN_BEGUN_PER_PAYER = 32, 1 / 4, 2
# Seconds of waiting after which a request gives its place to the next.
WAIT_SECONDS = 0.005
# Live events go first for so many times a request's cost, and for these seconds at most.
LIVE_TIMES, LIVE_SECONDS = 3.0, 0.02
# Seconds between two checks whether they are done.
POLL_SECONDS = 0.001
# Payers checked until one is found who may go.
PAYERS_CHECKED = 64
# Waiting requests at which the next is refused at once; and the expected seconds of computing, of one payer's
# and of all, beyond which it is.
MAX_WAITING, LONGEST_WAIT_SECONDS, LONGEST_WAIT_OF_ALL_SECONDS = 8000, 10.0, 30.0
# Seconds after which a waiting request is told to try again: nothing goes on.
GIVE_UP_SECONDS = 15.0
# The cost of a request of an unmeasured kind, and the weight of each new measurement in the average.
FIRST_COST_SECONDS, AVERAGE_WEIGHT = 0.005, 0.1

# Kinds of files: the site's own, and people's. Statuses of those that exist; others are counted as pages.
FILES = ("file", "upload")
FOUND_STATUSES = (0, 200, 206, 304)
VISIT = "chatsite.visit"
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class LiveEvents(Protocol):
    """The handler pool: `waiting` counts events that no handler has begun."""

    @property
    def waiting(self) -> int: ...


class QueuedRequest:
    """One HTTP request, from its head to its answer; `chatsite.visit` in its environ.

    `payer` is whose turn it takes and who pays for it: a person's id, or an address. `asked_who` is whether
    Django was asked whose it is, and `person` the answer: an id, or None for nobody. Its expected cost is the
    average of its `kind`.
    """

    __slots__ = (
        "address",
        "arrived",
        "asked_who",
        "begun",
        "credential",
        "expected",
        "greenlet",
        "kind",
        "meter",
        "payer",
        "person",
        "queue",
    )

    def __init__(self, queue: "RequestQueue", environ: Mapping[str, Any], meter: LoopMeter) -> None:
        self.queue = queue
        self.address = client_address(environ)
        self.credential = credential_of(environ)
        self.payer: Hashable = self.address
        self.kind = kind_of(environ["PATH_INFO"])
        self.meter, self.arrived, self.expected = meter, monotonic(), 0.0
        self.begun = self.asked_who = False
        self.person: int | None = None
        self.greenlet: Any = None

    def is_of(self, person: int | None) -> None:
        """Note the person whom Django has found."""
        self.asked_who, self.person = True, person

    def step_aside(self) -> None:
        """Give its place to others: it is about to wait for its client."""
        self.queue.aside(self)

    def pay(self) -> None:
        """Charge what it has cost so far: a transfer takes minutes, and must not cost it all at its end."""
        self.queue.pay(self)


def kind_of(path: str) -> str:
    if path.startswith("/socket.io"):
        return "live"
    if path.startswith("/static/"):
        return "file"
    if path.startswith("/file/"):
        return "upload"
    return "health" if path.rstrip("/") == "/healthz" else "page"


class PayerQueue:
    """Requests in turns by payer; one payer's in the order of their coming, at most one of each connection."""

    def __init__(self) -> None:
        self._payers: OrderedDict[Hashable, deque[QueuedRequest]] = OrderedDict()
        # By payer: the seconds that their requests are expected to take.
        self.expected: Counter[Hashable] = Counter()

    def __bool__(self) -> bool:
        return bool(self._payers)

    def put(self, visit: QueuedRequest) -> None:
        self._payers.setdefault(visit.payer, deque()).append(visit)
        self.expected[visit.payer] += visit.expected  # type: ignore[assignment]

    def first(self, may_go: Callable[[Hashable], bool]) -> QueuedRequest | None:
        """Return the next request. A payer who may not go now goes behind all others."""
        for _ in range(min(PAYERS_CHECKED, len(self._payers))):
            payer, queue = next(iter(self._payers.items()))
            if may_go(payer):
                return queue[0]
            self._payers.move_to_end(payer)
        return None

    def take(self, visit: QueuedRequest) -> None:
        queue = self._payers[visit.payer]
        queue.remove(visit)
        self._payers.move_to_end(visit.payer)
        self.expected[visit.payer] -= visit.expected  # type: ignore[assignment]
        if not queue:
            del self._payers[visit.payer], self.expected[visit.payer]


class RequestQueue:
    """Wraps the worker's WSGI application. Requests for Socket.IO and health checks go before pages, but only
    every other time."""

    def __init__(self, live: LiveEvents, budget: Budget = loop_budget) -> None:
        self._live, self._budget = live, budget
        self._rates, self._people = RequestRates(), KnownPeople()
        self._priority, self._pages = PayerQueue(), PayerQueue()
        self._priority_went = False
        postgresql = databases["default"].vendor == "postgresql"
        self._at_once = POSTGRESQL_AT_ONCE if postgresql else SQLITE_AT_ONCE
        self._most = connection_quota.max_requests() if postgresql else MAX_BEGUN
        # Requests that compute; how many have begun, in all and of each payer.
        self._computing: set[QueuedRequest] = set()
        self._begun, self._begun_of = 0, Counter[Hashable]()
        self._waiting, self._expected = 0, 0.0
        self._costs: dict[str, float] = {}
        # Until when live events go before the next request.
        self._live_first_until = 0.0
        # The timer of the next `_let_next_in`, and its time; and whether `_watched` is to come.
        self._timer: Any = None
        self._timer_at = 0.0
        self._watches = False
        # The turn of the hub in which the last request began.
        self._turn = -1
        # True if the last check found a request that only had to let live events go first.
        self._gave_way = False

    def around(self, application: Application) -> Application:
        def queued(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            visit = environ[VISIT] = self.visit(environ, getcurrent().meter)
            try:
                self.enter(visit)
            except ChatError as error:
                counters.refusals[str(error.status), error.detail] += 1
                self.pay(visit)
                return refused_request.answer(error, environ, start_response)
            status = 0
            try:
                answer = application(environ, start_response)
                status = getattr(answer, "status_code", 200)
                return answer
            finally:
                self.leave(visit, status)

        return queued

    def visit(self, environ: Mapping[str, Any], meter: LoopMeter) -> QueuedRequest:
        visit = QueuedRequest(self, environ, meter)
        visit.payer = self._payer(visit)
        visit.expected = self._costs.get(visit.kind, FIRST_COST_SECONDS)
        return visit

    def _payer(self, visit: QueuedRequest) -> Hashable:
        """Return the request's payer. Health checks aren't held up by what else their address does."""
        if visit.kind == "health":
            return ("health", visit.address)
        person = self._people.person(visit.credential)
        return visit.address if person is None else person

    def enter(self, visit: QueuedRequest) -> None:
        """Wait for the request's turn. Raises RateLimited or Unavailable where that would take too long."""
        self._check(visit)
        if self._is_free_for(visit):
            self._begin(visit)
            return
        self._lane(visit).put(visit)
        self._waiting += 1
        self._expected += visit.expected
        visit.greenlet = getcurrent()
        self._schedule()
        timer = hubs.get_hub().schedule_call_global(GIVE_UP_SECONDS, self._give_up, visit)
        try:
            hubs.get_hub().switch()
        finally:
            timer.cancel()

    def _is_free_for(self, visit: QueuedRequest) -> bool:
        """Return whether no request has begun in this turn of the hub and none waits: on an idle server a request begins
        at once."""
        return (
            not self._waiting
            and self._turn != hubs.get_hub().turns
            and self._has_room()
            and self._may_go(visit.payer)
            and not self._has_live()
        )

    def _begin(self, visit: QueuedRequest) -> None:
        self._turn = hubs.get_hub().turns
        visit.begun = True
        self._computing.add(visit)
        self._begun += 1
        self._begun_of[visit.payer] += 1

    def _has_room(self) -> bool:
        return len(self._computing) < self._at_once and self._begun < self._most

    def _has_live(self) -> bool:
        return bool(self._live.waiting) or read_queue.others_waiting()

    def _lane(self, visit: QueuedRequest) -> PayerQueue:
        return self._priority if visit.kind in ("health", "live") else self._pages

    def _check(self, visit: QueuedRequest) -> None:
        wait = self._rate_wait(visit)
        if wait:
            raise RateLimited("Too many requests. Wait a moment.", retry_after=round(wait, 2))
        ahead = self._ahead(visit)
        if ahead > LONGEST_WAIT_SECONDS:
            raise RateLimited("Too much is being asked at once. Wait a moment.", retry_after=round(ahead, 2))
        if self._waiting >= MAX_WAITING or self._expected > LONGEST_WAIT_OF_ALL_SECONDS:
            raise Unavailable("The server is busy. Try again in a moment.", retry_after=5)

    def _rate_wait(self, visit: QueuedRequest) -> float:
        if visit.kind == "page":
            return self._rates.wait(visit.payer)
        return self._rates.owed(visit.payer) if visit.kind in FILES else 0.0

    def _ahead(self, visit: QueuedRequest) -> float:
        """Return the seconds until the request's turn if nobody else wanted theirs."""
        expected = self._lane(visit).expected.get(visit.payer, 0.0)
        if not self._has_budget(visit.payer):
            return expected
        return self._budget.wait(visit.payer) + self._budget.refill_seconds(expected)

    @staticmethod
    def _has_budget(payer: Hashable) -> bool:
        """Return whether the payer has a budget. Addresses of this machine have none: behind a proxy that TRUST_PROXY
        doesn't name, all clients have one of them."""
        return isinstance(payer, int) or not is_this_machine(
            payer[1] if isinstance(payer, tuple) else str(payer)
        )

    def aside(self, visit: QueuedRequest) -> None:
        """Don't count the request as begun: it waits for its client, however long."""
        if visit.begun:
            visit.begun = False
            self._computing.discard(visit)
            self._begun -= 1
            self._begun_of[visit.payer] -= 1
            if not self._begun_of[visit.payer]:
                del self._begun_of[visit.payer]
            self._schedule()

    def leave(self, visit: QueuedRequest, status: int) -> None:
        """The answer is computed, and only has to be sent: charge it, and let the next one begin."""
        if visit.asked_who:
            self._people.learn(visit.credential, visit.person)
        cost = self.pay(visit)
        average = self._costs.get(visit.kind, cost)
        self._costs[visit.kind] = average + AVERAGE_WEIGHT * (cost - average)
        if visit.kind not in ("health", "live"):
            self._live_first_until = monotonic() + min(LIVE_SECONDS, LIVE_TIMES * cost)
        if visit.kind in FILES and status not in FOUND_STATUSES:
            self._rates.wait(visit.payer)
        self.aside(visit)

    def pay(self, visit: QueuedRequest) -> float:
        """Charge the request to its payer; return the loop seconds that it cost."""
        cost = visit.meter.take()
        payer = visit.payer if visit.person is None else visit.person
        if self._has_budget(payer):
            self._budget.charge(payer, cost)
        return cost

    # In the hub

    def _schedule(self, seconds: float = 0.0) -> None:
        if not (self._priority or self._pages):
            return
        at = monotonic() + seconds
        if self._timer is not None:
            if self._timer_at <= at:
                return
            self._timer.cancel()
        self._timer_at = at
        self._timer = hubs.get_hub().schedule_call_global(seconds, self._let_next_in)

    def _let_next_in(self) -> None:
        """Let the next request go on, in the turn of the hub after whatever happened before."""
        self._timer = None
        if not self._has_room():
            self._watch()
            return
        visit = self._next()
        if visit is None:
            self._schedule(POLL_SECONDS if self._gave_way else WAIT_SECONDS)
            return
        self._take(visit)
        self._begin(visit)
        self._schedule()
        visit.greenlet.switch()

    def _take(self, visit: QueuedRequest) -> None:
        self._lane(visit).take(visit)
        self._waiting -= 1
        self._expected -= visit.expected

    def _give_up(self, visit: QueuedRequest) -> None:
        """Refuse a request that still waits: those that have begun wait for something themselves, such as a
        stalled database."""
        if not visit.begun:
            self._take(visit)
            visit.greenlet.throw(Unavailable("The server is busy. Try again in a moment.", retry_after=5))

    def _next(self) -> QueuedRequest | None:
        first = self._priority.first(self._may_go)
        page = None if first and not self._priority_went else self._pages.first(self._may_go)
        self._gave_way = page is not None and self._gives_way(page)
        visit = first if page is None or self._gave_way else page
        self._priority_went = visit is not None and visit is first
        return visit

    def _may_go(self, payer: Hashable) -> bool:
        most = max(MIN_BEGUN_PER_PAYER, self._most * PAYER_SHARE) * (1 if self._has_budget(payer) else 2)
        if self._begun_of.get(payer, 0) >= most:
            return False
        return not self._has_budget(payer) or not self._budget.wait(payer)

    def _gives_way(self, visit: QueuedRequest) -> bool:
        """Return whether live events go before this request; not for ever if there always are some."""
        until = max(self._live_first_until, visit.arrived + min(LIVE_SECONDS, LIVE_TIMES * visit.expected))
        return monotonic() < until and self._has_live()

    def _watch(self) -> None:
        """Find the computing requests that wait for something else, and go on waiting."""
        if not self._watches:
            self._watches = True
            seen = {visit: visit.meter.waits for visit in self._computing}
            hubs.get_hub().schedule_call_global(WAIT_SECONDS, self._watched, seen, False)

    def _watched(self, seen: dict[QueuedRequest, int], polled: bool) -> None:
        """Free the places of requests that still wait. `polled` is whether the hub has polled its descriptors
        since: what they wait for may have come before, and only their turn not."""
        still = {visit: waits for visit, waits in seen.items() if visit.meter.waits == waits}
        if still and not polled:
            hubs.get_hub().schedule_call_global(0, self._watched, still, True)
            return
        self._watches = False
        self._computing -= still.keys()
        self._schedule()
