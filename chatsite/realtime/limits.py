"""How much one client may ask for. A person never meets these; a program that does is told so, and nobody else notices.

Each is a setting, and 0 is no limit. Those by address leave this machine alone: what comes from here is a program of the
site's own, or everybody, by a proxy that TRUST_PROXY doesn't name.
"""

import math
from collections import Counter
from time import monotonic

from django.conf import settings

from chatsite.errors import ChatError, RateLimited, TooLarge
from chatsite.realtime import listeners
from chatsite.realtime.connection import Connection

# Seconds of its rate that a client may spend at once.
BURST = 30
# Addresses that are remembered before those that have been quiet are forgotten.
REMEMBERED = 10_000


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
    most = settings.SOCKETS_PER_USER
    if not most or len(listeners.connections(connection.identity.user_id)) <= most:
        return None
    return RateLimited(f"You have {most} connections already. Close one.")


def no_more_rooms(connection: Connection, slug: str) -> ChatError | None:
    most = settings.ROOMS_PER_SOCKET
    if not most or len(connection.rooms) < most or slug in connection.rooms:
        return None
    return TooLarge(f"This connection has joined {most} rooms. Leave one first.")


def too_quick(wait: float) -> ChatError:
    return RateLimited("Too many events. Wait a moment.", retry_after=math.ceil(wait * 100) / 100)


# One for all sockets; each keeps its own number.
events = Pace(settings.EVENTS_PER_SECOND, BURST * settings.EVENTS_PER_SECOND)
# Whatever it is, with one more for each KiB: what a client is answered that it sends too much, answers to what was not
# asked, empty frames. Twice as many, so that who keeps near the limit only hears of that.
frames = Pace(2 * settings.EVENTS_PER_SECOND, 2 * BURST * settings.EVENTS_PER_SECOND)
