"""HTTP requests take turns: few at once, by person and by address, behind live events, and no longer than their share.

One thread serves everybody. A connection that has requests in store, or eight of them, would keep it for as long as
they last: whoever sends a message needs several turns of the hub, and each of them would be behind a request.
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
from chatsite.realtime.limits.limits import is_here
from chatsite.realtime.limits.loop_budget import Budget, spent
from chatsite.realtime.limits.request_rates import RequestRates
from chatsite.realtime.queues import read_queue
from chatsite.realtime.scheduling.loop_meter import LoopMeter

# Requests that are computed at once. On SQLite nothing waits, and one is all there is; PostgreSQL answers meanwhile.
SQLITE_AT_ONCE, POSTGRESQL_AT_ONCE = 1, 3
# Requests that have begun and haven't ended, most of which wait (for a password's hash, mail, other processes, a slow
# statement); without PostgreSQL, whose connections set how many there are. And how many of them are one payer's.
BEGUN, SHARE_OF_BEGUN, FEWEST_BEGUN = 32, 1 / 4, 2
# Seconds after which one that waits for something gives its place to the next.
WAIT_SECONDS = 0.005
# Live events are let go first for so many times what a request costs, and for no longer than these seconds.
LIVE_TIMES, LIVE_SECONDS = 3.0, 0.02
# Seconds between two looks whether they are done.
LOOK_SECONDS = 0.001
# Payers that are looked at until one is found who may go.
LOOKED_AT = 64
# Requests that wait; and the seconds of computing of one payer's, and of all, before the next is refused at once.
WAITING, LONGEST_WAIT_SECONDS, LONGEST_WAIT_OF_ALL_SECONDS = 8000, 10.0, 30.0
# Seconds after which one that still waits is told to try again: nothing goes on.
GIVE_UP_SECONDS = 15.0
# What a request is taken to cost before any of its kind was measured, and the weight of each new one in the average.
FIRST_COST_SECONDS, WEIGHT = 0.005, 0.1

# What a file that is there is answered; another is counted as a page.
FOUND = (0, 200, 206, 304)
VISIT = "chatsite.visit"
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Live(Protocol):
    """The handlers of events: `waiting` are those that none has begun yet."""

    @property
    def waiting(self) -> int: ...


class Visit:
    """One HTTP request, from its head to its answer.

    `payer` is whose turn it takes and who pays for it: a person's id, or an address. `asked_who` is whether Django was
    asked who it is of, and `person` what it said: an id, or None for nobody. `kind` is what its cost is compared with.
    In its environ it is `chatsite.visit`.
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
        """What Django has found."""
        self.asked_who, self.person = True, person

    def step_aside(self) -> None:
        """It is about to wait for its client."""
        self.queue.aside(self)


def kind_of(path: str) -> str:
    if path.startswith("/socket.io"):
        return "live"
    if path.startswith("/static/"):
        return "file"
    return "health" if path.rstrip("/") == "/healthz" else "page"


class Lane:
    """Visits in turns by payer; a payer's own as they came, each connection having one at most."""

    def __init__(self) -> None:
        self._payers: OrderedDict[Hashable, deque[Visit]] = OrderedDict()
        # Seconds that a payer's are expected to take.
        self.expected: Counter[Hashable] = Counter()

    def __bool__(self) -> bool:
        return bool(self._payers)

    def put(self, visit: Visit) -> None:
        self._payers.setdefault(visit.payer, deque()).append(visit)
        self.expected[visit.payer] += visit.expected  # type: ignore[assignment]

    def first(self, may_go: Callable[[Hashable], bool]) -> Visit | None:
        """The one whose turn it is. Who may not go now goes behind everybody else."""
        for _ in range(min(LOOKED_AT, len(self._payers))):
            payer, queue = next(iter(self._payers.items()))
            if may_go(payer):
                return queue[0]
            self._payers.move_to_end(payer)
        return None

    def take(self, visit: Visit) -> None:
        queue = self._payers[visit.payer]
        queue.remove(visit)
        self._payers.move_to_end(visit.payer)
        self.expected[visit.payer] -= visit.expected  # type: ignore[assignment]
        if not queue:
            del self._payers[visit.payer], self.expected[visit.payer]


class RequestQueue:
    """Around the WSGI application of the server's worker. What is asked of Socket.IO, and whether the process is alive,
    goes before pages, and before no more than every other one."""

    def __init__(self, live: Live, budget: Budget = spent) -> None:
        self._live, self._budget = live, budget
        self._rates, self._people = RequestRates(), KnownPeople()
        self._first, self._pages = Lane(), Lane()
        self._first_went = False
        postgresql = databases["default"].vendor == "postgresql"
        self._at_once = POSTGRESQL_AT_ONCE if postgresql else SQLITE_AT_ONCE
        self._most = connection_quota.requests() if postgresql else BEGUN
        # Those that compute, and how many have begun, in all and of each payer.
        self._computing: set[Visit] = set()
        self._begun, self._begun_of = 0, Counter[Hashable]()
        self._waiting, self._expected = 0, 0.0
        self._costs: dict[str, float] = {}
        # The moment until which live events go before the next.
        self._live_until = 0.0
        # The look at who may go that is to come, with its moment; and whether one at who waits for something else is.
        self._look_timer: Any = None
        self._look_at = 0.0
        self._watches = False
        # The hub's turn in which the last one began.
        self._turn = -1
        # Whether the last look found somebody who only had to let live events go first.
        self._gave_way = False

    def around(self, application: Application) -> Application:
        def queued(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            visit = environ[VISIT] = self.visit(environ, getcurrent().meter)
            try:
                self.enter(visit)
            except ChatError as error:
                counters.refusals[str(error.status), error.detail] += 1
                self._pay(visit)
                return refused_request.answer(error, environ, start_response)
            status = 0
            try:
                answer = application(environ, start_response)
                status = getattr(answer, "status_code", 200)
                return answer
            finally:
                self.leave(visit, status)

        return queued

    def visit(self, environ: Mapping[str, Any], meter: LoopMeter) -> Visit:
        visit = Visit(self, environ, meter)
        visit.payer = self._payer(visit)
        visit.expected = self._costs.get(visit.kind, FIRST_COST_SECONDS)
        return visit

    def _payer(self, visit: Visit) -> Hashable:
        """Monitors aren't held up by what else their address does."""
        if visit.kind == "health":
            return ("health", visit.address)
        person = self._people.person(visit.credential)
        return visit.address if person is None else person

    def enter(self, visit: Visit) -> None:
        """Wait for its turn. Raises RateLimited or Unavailable where that would be too long."""
        self._check(visit)
        if self._is_free_for(visit):
            self._begin(visit)
            return
        self._lane(visit).put(visit)
        self._waiting += 1
        self._expected += visit.expected
        visit.greenlet = getcurrent()
        self._look_soon()
        timer = hubs.get_hub().schedule_call_global(GIVE_UP_SECONDS, self._give_up, visit)
        try:
            hubs.get_hub().switch()
        finally:
            timer.cancel()

    def _is_free_for(self, visit: Visit) -> bool:
        """Whether nobody has begun in this turn of the hub and nobody else wants to: where there is little to do, none
        waits for the next one."""
        return (
            not self._waiting
            and self._turn != hubs.get_hub().turns
            and self._has_room()
            and self._may_go(visit.payer)
            and not self._has_live()
        )

    def _begin(self, visit: Visit) -> None:
        self._turn = hubs.get_hub().turns
        visit.begun = True
        self._computing.add(visit)
        self._begun += 1
        self._begun_of[visit.payer] += 1

    def _has_room(self) -> bool:
        return len(self._computing) < self._at_once and self._begun < self._most

    def _has_live(self) -> bool:
        return bool(self._live.waiting) or read_queue.anybody_else()

    def _lane(self, visit: Visit) -> Lane:
        return self._first if visit.kind in ("health", "live") else self._pages

    def _check(self, visit: Visit) -> None:
        wait = self._rate_wait(visit)
        if wait:
            raise RateLimited("Too many requests. Wait a moment.", retry_after=round(wait, 2))
        ahead = self._ahead(visit)
        if ahead > LONGEST_WAIT_SECONDS:
            raise RateLimited("Too much is being asked at once. Wait a moment.", retry_after=round(ahead, 2))
        if self._waiting >= WAITING or self._expected > LONGEST_WAIT_OF_ALL_SECONDS:
            raise Unavailable("The server is busy. Try again in a moment.", retry_after=5)

    def _rate_wait(self, visit: Visit) -> float:
        if visit.kind == "page":
            return self._rates.wait(visit.payer)
        return self._rates.owed(visit.payer) if visit.kind == "file" else 0.0

    def _ahead(self, visit: Visit) -> float:
        """Seconds until it would have its turn if nobody else wanted theirs."""
        expected = self._lane(visit).expected.get(visit.payer, 0.0)
        if not self._has_budget(visit.payer):
            return expected
        return self._budget.wait(visit.payer) + self._budget.takes(expected)

    @staticmethod
    def _has_budget(payer: Hashable) -> bool:
        """Addresses of this machine have none: from there comes everybody, by a proxy that TRUST_PROXY doesn't name."""
        return isinstance(payer, int) or not is_here(payer[1] if isinstance(payer, tuple) else str(payer))

    def aside(self, visit: Visit) -> None:
        """It waits for its client, however long: it isn't counted as one that has begun."""
        if visit.begun:
            visit.begun = False
            self._computing.discard(visit)
            self._begun -= 1
            self._begun_of[visit.payer] -= 1
            if not self._begun_of[visit.payer]:
                del self._begun_of[visit.payer]
            self._look_soon()

    def leave(self, visit: Visit, status: int) -> None:
        """It is computed, and only has to be sent."""
        if visit.asked_who:
            self._people.learn(visit.credential, visit.person)
        cost = self._pay(visit)
        average = self._costs.get(visit.kind, cost)
        self._costs[visit.kind] = average + WEIGHT * (cost - average)
        if visit.kind not in ("health", "live"):
            self._live_until = monotonic() + min(LIVE_SECONDS, LIVE_TIMES * cost)
        if visit.kind == "file" and status not in FOUND:
            self._rates.wait(visit.payer)
        self.aside(visit)

    def _pay(self, visit: Visit) -> float:
        """Seconds of the loop that it cost."""
        cost = visit.meter.take()
        payer = visit.payer if visit.person is None else visit.person
        if self._has_budget(payer):
            self._budget.charge(payer, cost)
        return cost

    # In the hub

    def _look_soon(self, seconds: float = 0.0) -> None:
        if not (self._first or self._pages):
            return
        at = monotonic() + seconds
        if self._look_timer is not None:
            if self._look_at <= at:
                return
            self._look_timer.cancel()
        self._look_at = at
        self._look_timer = hubs.get_hub().schedule_call_global(seconds, self._look)

    def _look(self) -> None:
        """Let the next one go on, in the turn of the hub after whatever happened before."""
        self._look_timer = None
        if not self._has_room():
            self._watch()
            return
        visit = self._next()
        if visit is None:
            self._look_soon(LOOK_SECONDS if self._gave_way else WAIT_SECONDS)
            return
        self._take(visit)
        self._begin(visit)
        self._look_soon()
        visit.greenlet.switch()

    def _take(self, visit: Visit) -> None:
        self._lane(visit).take(visit)
        self._waiting -= 1
        self._expected -= visit.expected

    def _give_up(self, visit: Visit) -> None:
        """Those who have begun wait for something themselves, such as a database that stands still."""
        if not visit.begun:
            self._take(visit)
            visit.greenlet.throw(Unavailable("The server is busy. Try again in a moment.", retry_after=5))

    def _next(self) -> Visit | None:
        first = self._first.first(self._may_go)
        page = None if first and not self._first_went else self._pages.first(self._may_go)
        self._gave_way = page is not None and self._gives_way(page)
        visit = first if page is None or self._gave_way else page
        self._first_went = visit is not None and visit is first
        return visit

    def _may_go(self, payer: Hashable) -> bool:
        most = max(FEWEST_BEGUN, self._most * SHARE_OF_BEGUN) * (1 if self._has_budget(payer) else 2)
        if self._begun_of.get(payer, 0) >= most:
            return False
        return not self._has_budget(payer) or not self._budget.wait(payer)

    def _gives_way(self, visit: Visit) -> bool:
        """Who sends or comes in goes first; where there always is somebody, not for ever."""
        until = max(self._live_until, visit.arrived + min(LIVE_SECONDS, LIVE_TIMES * visit.expected))
        return monotonic() < until and self._has_live()

    def _watch(self) -> None:
        """See which of those that compute are waiting for something else, and go on waiting."""
        if not self._watches:
            self._watches = True
            seen = {visit: visit.meter.waits for visit in self._computing}
            hubs.get_hub().schedule_call_global(WAIT_SECONDS, self._watched, seen, False)

    def _watched(self, seen: dict[Visit, int], polled: bool) -> None:
        """`polled` is whether the hub has looked at all descriptors since the time was up: what they waited for may have
        come before, and only they not have had their turn."""
        still = {visit: waits for visit, waits in seen.items() if visit.meter.waits == waits}
        if still and not polled:
            hubs.get_hub().schedule_call_global(0, self._watched, still, True)
            return
        self._watches = False
        self._computing -= still.keys()
        self._look_soon()
