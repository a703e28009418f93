"""What each person and each address has cost the loops of the site's processes lately, over all their connections and doors.

One thread serves everybody in a process, so what one costs is what others wait. A cost is seconds of that thread; who has
spent more than their share waits until it has been paid off, and everybody who hasn't goes first.
"""

from collections.abc import Hashable
from time import monotonic

from django.conf import settings

from chatsite.realtime.delivery import peers

# Seconds of the loop that somebody may use at once: what three devices ask for that come back after an outage.
BURST_SECONDS = 1.0
# Payers that are remembered before those that owe nothing any more are forgotten.
REMEMBERED = 10_000
# Microseconds of one payer of which the other processes are told at once: five times a second of who spends their share.
TOLD_MICROSECONDS = 50_000


class Budget:
    """A leaky bucket of seconds for each payer: it may spend `burst` seconds at once, and `share` of each second on and on.

    A payer is a person's id (int) or, for who isn't signed in, an address (str), as `Session.whose` has it.
    `share` 0 is no limit.
    """

    def __init__(self, share: float, burst: float) -> None:
        self._each = 1 / share if share else 0.0
        self._depth = burst * self._each
        # The moment at which all of a payer's cost has been paid off; only of those for whom it is still to come.
        self._until: dict[Hashable, float] = {}
        self._many = REMEMBERED

    def charge(self, payer: Hashable, seconds: float) -> None:
        """Add what has been spent already; never refuses."""
        if not self._each:
            return
        now = monotonic()
        self._until[payer] = max(self._until.get(payer, 0.0), now) + seconds * self._each
        if len(self._until) > self._many:
            self._until = {payer: until for payer, until in self._until.items() if until > now}
            self._many = max(REMEMBERED, 2 * len(self._until))

    def wait(self, payer: Hashable) -> float:
        """Seconds until the payer may spend again; 0 where that is now."""
        until = self._until.get(payer)
        return max(0.0, until - monotonic() - self._depth) if until else 0.0

    def takes(self, seconds: float) -> float:
        """Seconds in which one payer may spend so many on and on."""
        return seconds * (self._each or 1.0)


class SharedLoopBudget(Budget):
    """One over all processes: with connections to each of them a payer has no more than with one."""

    def __init__(self, share: float, burst: float, word: str) -> None:
        super().__init__(share, burst)
        self._gossip = peers.Gossip(word, TOLD_MICROSECONDS, self._heard)

    def charge(self, payer: Hashable, seconds: float) -> None:
        super().charge(payer, seconds)
        if self._each and peers.site.there:
            self._gossip.add(payer, int(seconds * 1e6))

    def _heard(self, payer: int | str, microseconds: int) -> None:
        super().charge(payer, microseconds / 1e6)


# One for all doors: events, messages and HTTP requests.
spent: Budget = SharedLoopBudget(settings.LOOP_SHARE_PERCENT / 100, BURST_SECONDS, "spent")
