"""Limits on what one person may do, over all their connections and doors. Nobody reaches them by hand; a
program that does is told so, and nobody else notices.

Each is a setting, and 0 is no limit. Limits by address exempt this machine: from here come the site's own
programs, or everybody, by a proxy that TRUST_PROXY doesn't name.
"""

import math
import secrets
from collections import Counter
from time import monotonic

from django.conf import settings

from chatsite.contract.errors import ChatError, RateLimited, TooLarge
from chatsite.realtime.delivery import peers, subscriptions
from chatsite.realtime.delivery.connection import Connection
from chatsite.realtime.limits.event_costs import loop_budget

# Seconds of their rate that a person may spend at once: at 100 events a second, what a program joins in 1,000
# rooms.
BURST_SECONDS = 10
# People and addresses that are remembered before those without debts are forgotten.
REMEMBERED_PAYERS = 10_000
# A person's spending is reported to other processes whenever it reaches this part of their burst.
REPORTED_PART = 20
# Connections of a person in one process from which on other processes are told; seconds between reports, and
# for which a report holds.
REPORTED_CONNECTIONS, REPORT_SECONDS, REPORT_VALID_SECONDS = 10, 5.0, 15.0
# All connections of a person may join as many rooms as so many of them with ROOMS_PER_SOCKET each.
CONNECTIONS_WITH_ALL_ROOMS = 10


class TokenBucket:
    """A token bucket, kept as one number for each client: the time until which it has spent, at `rate` a
    second."""

    def __init__(self, rate: float, burst: float) -> None:
        self._each = 1 / rate if rate else 0.0
        self._depth = burst * self._each

    def take(self, until: float, now: float) -> tuple[float, float]:
        """Spend one. Returns the new `until` and 0; where that exceeds the burst, the old one and the seconds
        to wait."""
        spent = max(until, now) + self._each
        over = spent - now - self._depth
        return (until, over) if over > 1e-9 else (spent, 0.0)

    def charge(self, until: float, now: float, times: float) -> tuple[float, float]:
        """Spend what can't be refused, `times` over. Returns the new `until` and the seconds until it is
        within the burst."""
        spent = max(until, now) + times * self._each
        return spent, max(0.0, spent - now - self._depth)


class PersonRates:
    """A token bucket for each person, by their id. With a `word`, by which processes tell each other who spends much in
    them, it is one over all of them."""

    def __init__(self, rate: float, burst: float, word: str = "") -> None:
        self._limited = bool(rate)
        self._bucket = TokenBucket(rate, burst)
        self._until: dict[int, float] = {}
        self._prune_above = REMEMBERED_PAYERS
        self._gossip = peers.Gossip(word, int(burst / REPORTED_PART), self.charge) if word else None

    def take(self, person: int) -> float:
        """Spend one and return 0, or return the seconds until the person may."""
        if not self._limited:
            return 0.0
        until, wait = self._bucket.take(self._until.get(person, 0.0), monotonic())
        if not wait:
            self._keep(person, until)
            if self._gossip is not None and peers.site.there:
                self._gossip.add(person, 1)
        return wait

    def charge(self, person: int, times: float) -> float:
        """Spend what has come already and can't be refused; return what `wait` would."""
        if not self._limited:
            return 0.0
        until, wait = self._bucket.charge(self._until.get(person, 0.0), monotonic(), times)
        self._keep(person, until)
        return wait

    def wait(self, person: int) -> float:
        """Return the seconds until the person has spent no more than is allowed."""
        until = self._until.get(person)
        return self._bucket.charge(until, monotonic(), 0)[1] if until else 0.0

    def _keep(self, person: int, until: float) -> None:
        self._until[person] = until
        if len(self._until) > self._prune_above:
            now = monotonic()
            self._until = {each: until for each, until in self._until.items() if until > now}
            self._prune_above = max(REMEMBERED_PAYERS, 2 * len(self._until))


class RemoteConnections:
    """Counts people's connections in other processes: each reports people with REPORTED_CONNECTIONS or more,
    and a report that isn't repeated lapses."""

    def __init__(self) -> None:
        self._process = secrets.token_hex(4)
        # People whose count here is reported.
        self._reporting: set[int] = set()
        # By person and process: the count, and until when it holds.
        self._reported: dict[int, dict[str, tuple[int, float]]] = {}
        peers.register("sockets", self._heard, str, int, int)

    def count(self, person: int) -> int:
        """Return how many connections the person has in other processes, as far as reported."""
        now = monotonic()
        return sum(count for count, until in self._reported.get(person, {}).values() if until > now)

    def opened(self, person: int) -> None:
        """Count one more connection of the person in this process."""
        if peers.site.there and len(subscriptions.connections(person)) % REPORTED_CONNECTIONS == 0:
            self._reporting.add(person)
            self._report(person)

    def report(self) -> None:
        """Report all counts again, every REPORT_SECONDS, and drop lapsed ones."""
        for person in list(self._reporting):
            self._report(person)
        now = monotonic()
        self._reported = {
            person: told
            for person, told in self._reported.items()
            if any(until > now for _, until in told.values())
        }

    def _report(self, person: int) -> None:
        count = len(subscriptions.connections(person))
        if count < REPORTED_CONNECTIONS:
            self._reporting.discard(person)
        peers.site.notify("sockets", self._process, person, count)

    def _heard(self, process: str, person: int, count: int) -> None:
        self._reported.setdefault(person, {})[process] = count, monotonic() + REPORT_VALID_SECONDS


class AddressLimits:
    """The sockets of each address, and the rate at which it opens them."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()
        self._until: dict[str, float] = {}
        self._prune_above = REMEMBERED_PAYERS
        # A whole minute's rate at once: behind one address may be a school, which comes back after a cut.
        self._bucket = TokenBucket(settings.HANDSHAKES_PER_ADDRESS / 60, settings.HANDSHAKES_PER_ADDRESS)

    def are_full(self, address: str) -> bool:
        most = settings.SOCKETS_PER_ADDRESS
        return bool(most) and self._open.get(address, 0) >= most and not is_this_machine(address)

    def wait(self, address: str) -> float:
        """Count one more handshake and return 0, or return the seconds until the address may open another."""
        if is_this_machine(address) or not settings.HANDSHAKES_PER_ADDRESS:
            return 0.0
        now = monotonic()
        until, wait = self._bucket.take(self._until.get(address, 0.0), now)
        self._until[address] = until
        if len(self._until) > self._prune_above:
            self._until = {each: until for each, until in self._until.items() if until > now}
            self._prune_above = max(REMEMBERED_PAYERS, 2 * len(self._until))
        return wait

    def opened(self, address: str) -> None:
        self._open[address] += 1

    def closed(self, address: str) -> None:
        self._open[address] -= 1
        if not self._open[address]:
            del self._open[address]


def is_this_machine(address: str) -> bool:
    """Return whether the address, as `client_address` names it, is this machine's."""
    return address.startswith("127.") or address == "::/64"


def connection_limit_error(connection: Connection) -> ChatError | None:
    """Return the error that keeps a new connection out, None where its person hasn't too many."""
    most, person = settings.SOCKETS_PER_USER, connection.identity.user_id
    if not most or len(subscriptions.connections(person)) + remote_connections.count(person) <= most:
        remote_connections.opened(person)
        return None
    return RateLimited(f"You have {most} connections already. Close one.")


def room_limit_error(connection: Connection, slug: str) -> ChatError | None:
    """Return the error that keeps the connection out of one more room, or None."""
    most = settings.ROOMS_PER_SOCKET
    if not most or slug in connection.rooms:
        return None
    if connection.all_rooms:
        return all_rooms_limit_error(connection, 1)
    if len(connection.rooms) >= most:
        return TooLarge(f"This connection has joined {most} rooms. Leave one first.")
    all_mine = subscriptions.connections(connection.identity.user_id)
    if (
        len(all_mine) > CONNECTIONS_WITH_ALL_ROOMS
        and sum(len(one.rooms) for one in all_mine) >= CONNECTIONS_WITH_ALL_ROOMS * most
    ):
        return TooLarge("Your connections have joined too many rooms. Leave one first.")
    return None


def all_rooms_limit_error(connection: Connection, more: int) -> ChatError | None:
    """Return the error of a connection that joins all of its person's rooms, if `more` rooms exceed what all
    their connections may join."""
    most = CONNECTIONS_WITH_ALL_ROOMS * settings.ROOMS_PER_SOCKET
    joined = sum(len(one.rooms) for one in subscriptions.connections(connection.identity.user_id))
    if not most or joined + more <= most:
        return None
    return TooLarge("Your connections have joined too many rooms. Leave one first.")


def rate_limited(wait: float) -> ChatError:
    return RateLimited("Too many events. Wait a moment.", retry_after=math.ceil(wait * 100) / 100)


def spend_event(person: int) -> None:
    """Count one action of the person, by whatever door. Raises RateLimited."""
    wait = event_rates.take(person)
    if wait:
        raise rate_limited(wait)


def reading_wait(person: int) -> float:
    """Return the seconds until the person's connections may be read again; 0 where they may be now."""
    return max(frame_rates.wait(person), loop_budget.wait(person))


remote_connections = RemoteConnections()
# Actions of people, by any door.
event_rates = PersonRates(settings.EVENTS_PER_SECOND, BURST_SECONDS * settings.EVENTS_PER_SECOND, "events")
# Every incoming frame costs 1 plus 1 per KiB, refused ones too, answers that nobody asked for, and empty
# ones. The rate is twice that of events, so that whoever keeps near the limit only gets refusals.
frame_rates = PersonRates(2 * settings.EVENTS_PER_SECOND, 2 * BURST_SECONDS * settings.EVENTS_PER_SECOND)
