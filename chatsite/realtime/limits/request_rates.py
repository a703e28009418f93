"""How many pages and REST requests one person, or one address of people who aren't signed in, may ask of the site.

REST has limits of its own beside it, which all processes count together in the cache. These are counted in memory, as
they hold for each page and each file that isn't there: a look into Redis would cost more than some of those do. The
processes tell each other of whoever asks for much.
"""

from collections.abc import Hashable
from time import monotonic

from django.conf import settings

from chatsite.realtime.delivery.peers import Gossip
from chatsite.realtime.limits.limits import TOLD_PART, Pace, is_here

# Payers that are remembered before those that may ask as much as they like are forgotten.
REMEMBERED = 10_000
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class RequestRate:
    """`rate` as in 300/min, all of it at once if need be; 0/min is no limit. `word` is by which processes count together."""

    def __init__(self, rate: str, word: str) -> None:
        count, _, period = rate.partition("/")
        self._pace = Pace(int(count) / SECONDS[period[0]], int(count))
        self._limits = bool(int(count))
        self._until: dict[Hashable, float] = {}
        self._many = REMEMBERED
        self._gossip = Gossip(word, int(count) // TOLD_PART, self._heard)

    def wait(self, payer: Hashable) -> float:
        """Count one more. Seconds until it is allowed, where it isn't counted; 0 where that is now."""
        if not self._limits:
            return 0.0
        now = monotonic()
        self._until[payer], wait = self._pace.take(self._until.get(payer, 0.0), now)
        if not wait:
            self._gossip.add(payer, 1)
        self._forget(now)
        return wait

    def _heard(self, payer: int | str, count: int) -> None:
        if self._limits:
            now = monotonic()
            self._until[payer], _ = self._pace.charge(self._until.get(payer, 0.0), now, count)
            self._forget(now)

    def owed(self, payer: Hashable) -> float:
        """The same, without counting it."""
        if not self._limits or payer not in self._until:
            return 0.0
        return self._pace.take(self._until[payer], monotonic())[1]

    def _forget(self, now: float) -> None:
        if len(self._until) > self._many:
            self._until = {payer: until for payer, until in self._until.items() if until > now}
            self._many = max(REMEMBERED, 2 * len(self._until))


class RequestRates:
    def __init__(self) -> None:
        self._people = RequestRate(settings.THROTTLE_USER, "asked")
        self._addresses = RequestRate(settings.THROTTLE_PAGES, "asked-by-address")

    def wait(self, payer: Hashable) -> float:
        """`payer` is a person's id or an address. What comes from this machine is not counted by its address."""
        return 0.0 if is_here(str(payer)) else self._of(payer).wait(payer)

    def owed(self, payer: Hashable) -> float:
        return self._of(payer).owed(payer)

    def _of(self, payer: Hashable) -> RequestRate:
        return self._people if isinstance(payer, int) else self._addresses
