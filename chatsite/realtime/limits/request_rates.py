"""Rates of pages and REST requests, of one person, or of one address for people who aren't logged in.

REST has limits of its own, which all processes count together in the cache. These are counted in memory, as
they hold for each page and each missing file: a query to Redis would cost more than some of those do.
Processes report to each other payers who ask for much.
"""

from collections.abc import Hashable
from time import monotonic

from django.conf import settings

from chatsite.realtime.delivery.peers import Gossip
from chatsite.realtime.limits.limits import REPORTED_PART, TokenBucket, is_this_machine

# Payers that are remembered before those without debts are forgotten.
REMEMBERED_PAYERS = 10_000
PERIOD_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class RequestRate:
    """A rate such as 300/min, all of it at once if need be; 0/min is no limit. `word` is the reports' name
    among processes."""

    def __init__(self, rate: str, word: str) -> None:
        count, _, period = rate.partition("/")
        self._bucket = TokenBucket(int(count) / PERIOD_SECONDS[period[0]], int(count))
        self._limits = bool(int(count))
        self._until: dict[Hashable, float] = {}
        self._prune_above = REMEMBERED_PAYERS
        self._gossip = Gossip(word, int(count) // REPORTED_PART, self._heard)

    def wait(self, payer: Hashable) -> float:
        """Count one more and return 0, or return the seconds until one is allowed, without counting."""
        if not self._limits:
            return 0.0
        now = monotonic()
        self._until[payer], wait = self._bucket.take(self._until.get(payer, 0.0), now)
        if not wait:
            self._gossip.add(payer, 1)
        self._forget(now)
        return wait

    def _heard(self, payer: int | str, count: int) -> None:
        if self._limits:
            now = monotonic()
            self._until[payer], _ = self._bucket.charge(self._until.get(payer, 0.0), now, count)
            self._forget(now)

    def owed(self, payer: Hashable) -> float:
        """Return the seconds until one more is allowed, without counting it."""
        if not self._limits or payer not in self._until:
            return 0.0
        return self._bucket.take(self._until[payer], monotonic())[1]

    def _forget(self, now: float) -> None:
        if len(self._until) > self._prune_above:
            self._until = {payer: until for payer, until in self._until.items() if until > now}
            self._prune_above = max(REMEMBERED_PAYERS, 2 * len(self._until))


class RequestRates:
    """The rates of THROTTLE_USER for people and THROTTLE_PAGES for addresses."""

    def __init__(self) -> None:
        self._people = RequestRate(settings.THROTTLE_USER, "asked")
        self._addresses = RequestRate(settings.THROTTLE_PAGES, "asked-by-address")

    def wait(self, payer: Hashable) -> float:
        """Count a request of `payer`, a person's id or an address. This machine's address isn't counted."""
        return 0.0 if is_this_machine(str(payer)) else self._of(payer).wait(payer)

    def owed(self, payer: Hashable) -> float:
        return self._of(payer).owed(payer)

    def _of(self, payer: Hashable) -> RequestRate:
        return self._people if isinstance(payer, int) else self._addresses
