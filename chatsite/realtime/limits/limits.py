"""How much one person may ask for, over all their connections and doors. Nobody meets these by hand; a program that does
is told so, and nobody else notices.

Each is a setting, and 0 is no limit. Those by address leave this machine alone: what comes from here is a program of the
site's own, or everybody, by a proxy that TRUST_PROXY doesn't name.
"""

import math
import secrets
from collections import Counter
from time import monotonic

from django.conf import settings

from chatsite.contract.errors import ChatError, RateLimited, TooLarge
from chatsite.realtime.delivery import peers, subscriptions
from chatsite.realtime.delivery.connection import Connection
from chatsite.realtime.limits.loop_budget import spent

# Seconds of their rate that a person may spend at once: of 100 events a second, what a program in 1,000 rooms joins.
BURST_SECONDS = 10
# People and addresses that are remembered before those that have been quiet are forgotten.
REMEMBERED = 10_000
# Other processes are told each time that a person has spent this part of their burst in this one.
TOLD_PART = 20
# Connections of a person in one process of which the others are told; how often, and for how long they believe it.
MANY, TELL_SECONDS, HOLDS_SECONDS = 10, 5.0, 15.0
# A person's connections join as many rooms together as so many could that join ROOMS_PER_SOCKET each.
WHOLE_CONNECTIONS = 10


class Pace:
    """A token bucket, kept as one number for each client: the moment until which it has spent, at `rate` a second."""

    def __init__(self, rate: float, burst: float) -> None:
        self._each = 1 / rate if rate else 0.0
        self._depth = burst * self._each

    def take(self, until: float, now: float) -> tuple[float, float]:
        """What it has spent by now, and 0; or, where that would be too much, the same as before, and seconds to wait."""
        spent = max(until, now) + self._each
        over = spent - now - self._depth
        return (until, over) if over > 1e-9 else (spent, 0.0)

    def charge(self, until: float, now: float, times: float) -> tuple[float, float]:
        """For what has come already and can't be refused: what it has spent, and seconds to wait until that is allowed."""
        spent = max(until, now) + times * self._each
        return spent, max(0.0, spent - now - self._depth)


class People:
    """A pace for each person, by their id."""

    def __init__(self, rate: float, burst: float) -> None:
        self._limited = bool(rate)
        self._pace = Pace(rate, burst)
        self._until: dict[int, float] = {}
        self._many = REMEMBERED

    def take(self, person: int) -> float:
        """Seconds until the person may spend another; 0 where that was now, and is spent."""
        if not self._limited:
            return 0.0
        until, wait = self._pace.take(self._until.get(person, 0.0), monotonic())
        if not wait:
            self._keep(person, until)
        return wait

    def charge(self, person: int, times: float) -> None:
        """Add what has come already and can't be refused."""
        if self._limited:
            until, _ = self._pace.charge(self._until.get(person, 0.0), monotonic(), times)
            self._keep(person, until)

    def wait(self, person: int) -> float:
        """Seconds until the person has spent no more than is allowed."""
        until = self._until.get(person)
        return self._pace.charge(until, monotonic(), 0)[1] if until else 0.0

    def _keep(self, person: int, until: float) -> None:
        self._until[person] = until
        if len(self._until) > self._many:
            now = monotonic()
            self._until = {each: until for each, until in self._until.items() if until > now}
            self._many = max(REMEMBERED, 2 * len(self._until))


class Shared(People):
    """The same over all processes, each of which tells the others of whoever spends much in it."""

    def __init__(self, rate: float, burst: float, word: str) -> None:
        super().__init__(rate, burst)
        self._gossip = peers.Gossip(word, int(burst / TOLD_PART), self.charge)

    def take(self, person: int) -> float:
        wait = super().take(person)
        if not wait and self._limited:
            self._gossip.add(person, 1)
        return wait


class Elsewhere:
    """How many connections people have in other processes: each tells of those who have MANY or more in it, and what isn't
    told again is forgotten."""

    def __init__(self) -> None:
        self._process = secrets.token_hex(4)
        self._many: set[int] = set()
        # By person and process: how many, and until when that holds.
        self._told: dict[int, dict[str, tuple[int, float]]] = {}
        peers.hear("sockets", self._heard, str, int, int)

    def count(self, person: int) -> int:
        now = monotonic()
        return sum(count for count, until in self._told.get(person, {}).values() if until > now)

    def came(self, person: int) -> None:
        """One more of theirs is here."""
        if peers.site.there and len(subscriptions.connections(person)) % MANY == 0:
            self._many.add(person)
            self._tell(person)

    def tell(self) -> None:
        """Of all of them once more, every TELL_SECONDS; and forget what is old."""
        for person in list(self._many):
            self._tell(person)
        now = monotonic()
        self._told = {
            person: told
            for person, told in self._told.items()
            if any(until > now for _, until in told.values())
        }

    def _tell(self, person: int) -> None:
        count = len(subscriptions.connections(person))
        if count < MANY:
            self._many.discard(person)
        peers.site.tell("sockets", self._process, person, count)

    def _heard(self, process: str, person: int, count: int) -> None:
        self._told.setdefault(person, {})[process] = count, monotonic() + HOLDS_SECONDS


class Addresses:
    """The sockets of each address, and how fast it opens them."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()
        self._until: dict[str, float] = {}
        self._many = REMEMBERED
        # All of a minute at once: behind one address may be a school, which comes back after a cut.
        self._pace = Pace(settings.HANDSHAKES_PER_ADDRESS / 60, settings.HANDSHAKES_PER_ADDRESS)

    def are_full(self, address: str) -> bool:
        most = settings.SOCKETS_PER_ADDRESS
        return bool(most) and self._open.get(address, 0) >= most and not is_here(address)

    def wait(self, address: str) -> float:
        """Seconds until it may open another; 0 where it does so now."""
        if is_here(address) or not settings.HANDSHAKES_PER_ADDRESS:
            return 0.0
        now = monotonic()
        until, wait = self._pace.take(self._until.get(address, 0.0), now)
        self._until[address] = until
        if len(self._until) > self._many:
            self._until = {each: until for each, until in self._until.items() if until > now}
            self._many = max(REMEMBERED, 2 * len(self._until))
        return wait

    def came(self, address: str) -> None:
        self._open[address] += 1

    def went(self, address: str) -> None:
        self._open[address] -= 1
        if not self._open[address]:
            del self._open[address]


def is_here(address: str) -> bool:
    """As `addresses.client_address` names this machine."""
    return address.startswith("127.") or address == "::/64"


def crowded(connection: Connection) -> ChatError | None:
    """For one who has just come: what keeps it out, if they have too many others."""
    most, person = settings.SOCKETS_PER_USER, connection.identity.user_id
    if not most or len(subscriptions.connections(person)) + elsewhere.count(person) <= most:
        elsewhere.came(person)
        return None
    return RateLimited(f"You have {most} connections already. Close one.")


def no_more_rooms(connection: Connection, slug: str) -> ChatError | None:
    most = settings.ROOMS_PER_SOCKET
    if not most or slug in connection.rooms:
        return None
    if connection.all_rooms:
        return too_many_rooms(connection, 1)
    if len(connection.rooms) >= most:
        return TooLarge(f"This connection has joined {most} rooms. Leave one first.")
    all_mine = subscriptions.connections(connection.identity.user_id)
    if (
        len(all_mine) > WHOLE_CONNECTIONS
        and sum(len(one.rooms) for one in all_mine) >= WHOLE_CONNECTIONS * most
    ):
        return TooLarge("Your connections have joined too many rooms. Leave one first.")
    return None


def too_many_rooms(connection: Connection, more: int) -> ChatError | None:
    """For one that joins all rooms of its person, however many: what all their connections may join has room for `more`."""
    most = WHOLE_CONNECTIONS * settings.ROOMS_PER_SOCKET
    joined = sum(len(one.rooms) for one in subscriptions.connections(connection.identity.user_id))
    if not most or joined + more <= most:
        return None
    return TooLarge("Your connections have joined too many rooms. Leave one first.")


def too_quick(wait: float) -> ChatError:
    return RateLimited("Too many events. Wait a moment.", retry_after=math.ceil(wait * 100) / 100)


def spend_event(person: int) -> None:
    """One more thing that the person does, by whatever door. Raises RateLimited."""
    wait = events.take(person)
    if wait:
        raise too_quick(wait)


def reading_wait(person: int) -> float:
    """Seconds until the person's connections are read again; 0 where they may be now."""
    return max(frames.wait(person), spent.wait(person))


elsewhere = Elsewhere()
# What people do, by any door.
events = Shared(settings.EVENTS_PER_SECOND, BURST_SECONDS * settings.EVENTS_PER_SECOND, "events")
# Whatever it is, with one more for each KiB: what a client is answered that it sends too much, answers to what was not
# asked, empty frames. Twice as many, so that who keeps near the limit only hears of that.
frames = People(2 * settings.EVENTS_PER_SECOND, 2 * BURST_SECONDS * settings.EVENTS_PER_SECOND)
