"""Loop time that each person and each address has used lately, over all their connections, doors and the
site's processes: what frames and events cost of it, and who must wait.

One thread serves everybody in a process, so what one uses is what others wait. A cost is seconds of that
thread; a payer who has spent more than their share waits until it is paid off, and everybody else goes first.
"""

from collections.abc import Hashable
from time import monotonic

from django.conf import settings

from chatsite.realtime.delivery import peers, subscriptions

# Loop seconds of a frame, from reading it to the start of its handler: for any frame, and for each byte
# (measured with events, of which the largest are the dearest).
FRAME_SECONDS, BYTE_SECONDS = 25e-6, 15e-9
# Further loop seconds of a message, for each read before it is whole, and for each of its fragments.
READ_SECONDS, FRAGMENT_SECONDS = 8e-6, 2e-6
# Loop seconds of an event for each connection that receives it: a send. Up to so many receivers cost less
# than counting.
SEND_SECONDS, FREE_RECEIVERS = 6e-6, 20
# Loop seconds that a payer may use at once: what three devices ask for that come back after an outage.
BURST_SECONDS = 1.0
# A payer with all of their burst left would use the whole loop until it is gone, in steps of some
# milliseconds, and everybody else's acks would take a second. So while they spend it, this share of the loop
# is theirs, beyond seconds that nobody notices.
SPENDING_SHARE, UNNOTICED_SECONDS = 0.5, 0.02
# Payers that are remembered before those without debts are forgotten.
REMEMBERED_PAYERS = 10_000
# Microseconds of a payer that are reported to other processes at once: five reports a second for a payer at
# their share.
REPORTED_MICROSECONDS = 50_000


class Budget:
    """A leaky bucket of seconds for each payer: `burst` seconds at once, and `share` of each second in the
    long run.

    A payer is a person's id (int) or, for people who aren't logged in, an address (str), as in
    `Session.payer`. `share` 0 is no limit. With a `word`, by which processes tell each other, it is a budget over all of
    them: connections to each allow no more than connections to one.
    """

    def __init__(self, share: float, burst: float, word: str = "") -> None:
        self._each = 1 / share if share else 0.0
        self._depth = burst * self._each
        # By payer: the time at which all of their cost is paid off, while that lies ahead.
        self._until: dict[Hashable, float] = {}
        self._prune_above = REMEMBERED_PAYERS
        self._gossip = peers.Gossip(word, REPORTED_MICROSECONDS, self._heard) if word else None

    def charge(self, payer: Hashable, seconds: float, heard: bool = False) -> float:
        """Charge seconds that were spent already, `heard` of from another process or here; never refuses. Returns what
        `wait` would."""
        if not self._each:
            return 0.0
        now = monotonic()
        until = self._until[payer] = max(self._until.get(payer, 0.0), now) + seconds * self._each
        if len(self._until) > self._prune_above:
            self._until = {payer: until for payer, until in self._until.items() if until > now}
            self._prune_above = max(REMEMBERED_PAYERS, 2 * len(self._until))
        if self._gossip is not None and peers.site.there and not heard:
            self._gossip.add(payer, int(seconds * 1e6))
        return max(0.0, until - now - self._depth)

    def wait(self, payer: Hashable) -> float:
        """Return the seconds until the payer may spend again; 0 where that is now."""
        until = self._until.get(payer)
        return max(0.0, until - monotonic() - self._depth) if until else 0.0

    def refill_seconds(self, seconds: float) -> float:
        """Return the seconds in which a payer may spend so many in the long run."""
        return seconds * (self._each or 1.0)

    def _heard(self, payer: int | str, microseconds: int) -> None:
        self.charge(payer, microseconds / 1e6, heard=True)


SHARE = settings.LOOP_SHARE_PERCENT / 100
# The budget of all doors: events, messages and HTTP requests.
loop_budget = Budget(SHARE, BURST_SECONDS, "spent")
burst_budget = Budget(max(SPENDING_SHARE, SHARE) if SHARE else 0, UNNOTICED_SECONDS)


def charge(payer: Hashable, seconds: float) -> None:
    """Charge loop seconds that were spent on events already."""
    loop_budget.charge(payer, seconds)
    burst_budget.charge(payer, seconds)


def wait(payer: Hashable) -> float:
    """Return the seconds until an event of the payer's may be handled; 0 where that is now."""
    return max(loop_budget.wait(payer), burst_budget.wait(payer))


def room_seconds(slug: str) -> float:
    """Return the loop seconds of an event's sends to all connections of this process in the room."""
    receivers = subscriptions.count(slug)
    return receivers * SEND_SECONDS if receivers > FREE_RECEIVERS else 0.0


def charge_for_room(payer: Hashable, slug: str) -> None:
    """Charge the sends of an event to all connections of this process in the room."""
    if seconds := room_seconds(slug):
        charge(payer, seconds)


def frame_seconds(size: int) -> float:
    """Return the loop seconds of a frame of `size` bytes."""
    return FRAME_SECONDS + size * BYTE_SECONDS


def part_seconds(fragments: int) -> float:
    """Return the loop seconds of an unfinished message that came in so many fragments: even a byte of it costs
    a turn."""
    return READ_SECONDS + fragments * FRAGMENT_SECONDS
