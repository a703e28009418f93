"""Limits of attempts: logins, sign-ups and password resets in fixed windows of 300 s, counted in the shared cache.

An attempt counts before it is made, so that a hundred at once count as a hundred.
"""

import hashlib
import time

from django.core.cache import cache

from chatsite.contract.errors import RateLimited

WINDOW_SECONDS = 300
# Failed logins of one address in a window: with one name, and with all names together.
LOGINS_PER_NAME = 10
LOGINS_PER_ADDRESS = 50
# Failed logins with one name from all addresses. Somebody with many addresses can use it up and so lock the name for
# browsers that never logged in with it; it is therefore ten times what one address may do, and still allows no more
# than 28,800 guesses a day.
LOGINS_PER_NAME_ANYWHERE = 100
# Failed logins with one name in a browser in which that person has logged in before; counted apart from all others.
LOGINS_PER_DEVICE = 10
SIGN_UPS_PER_ADDRESS = 50
RESETS_PER_ADDRESS = 10
RESETS_PER_NAME = 3


AttemptLimit = tuple[str, str, int]


def password_limits(name: str, address: str, device: str | None) -> list[AttemptLimit]:
    """Return the limits that a guess at the password of `name` (in any case) counts against, for `attempt_all`.
    `device` names a browser in which the person has logged in before, and is then the only limit. The address comes
    first: a guess that it refuses counts against no name."""
    if device is not None:
        return [("login-device", device, LOGINS_PER_DEVICE)]
    name = name.lower()
    return [
        ("login-address", address, LOGINS_PER_ADDRESS),
        ("login-name", f"{address} {name}", LOGINS_PER_NAME),
        ("login-anywhere", name, LOGINS_PER_NAME_ANYWHERE),
    ]


def attempt_all(limits: list[AttemptLimit]) -> None:
    """Count one attempt against each limit in order. Raises RateLimited at the first that is exceeded."""
    for kind, who, limit in limits:
        attempt(kind, who, limit)


def refund_all(limits: list[AttemptLimit]) -> None:
    """Uncount a successful attempt from each limit."""
    for kind, who, _ in limits:
        refund(kind, who)


def attempt(kind: str, who: str, limit: int, times: int = 1, window: int = WINDOW_SECONDS) -> None:
    """Count `times` attempts. Raises RateLimited, with the seconds until the window ends as `retry_after`, once the
    count exceeds `limit`; several attempts that exceed it together are uncounted, so that fewer may still succeed."""
    now = time.time()
    key = counter_key(kind, who, now, window)
    cache.add(key, 0, window)
    try:
        count = cache.incr(key, times)
    except ValueError:  # expired since `add`
        count = times
    if count > limit:
        if times > 1:
            subtract(key, times)
        wait = window - now % window
        raise RateLimited(
            f"Too many attempts. Try again in {duration_in_words(wait)}.", retry_after=round(wait, 1)
        )


def refund(kind: str, who: str) -> None:
    """Uncount one attempt that succeeded: only failures count."""
    subtract(counter_key(kind, who, time.time()))


def subtract(key: str, times: int = 1) -> None:
    """Decrement a counter that may have expired."""
    try:
        cache.decr(key, times)
    except ValueError:
        return


def counter_key(kind: str, who: str, now: float, window: int = WINDOW_SECONDS) -> str:
    """Return the cache key of a counter in the window that holds `now` (seconds since 1970)."""
    # Digested, as a name may hold characters that cache keys may not.
    digest = hashlib.sha256(who.encode(errors="replace")).hexdigest()[:32]
    return f"limit:{kind}:{digest}:{int(now // window)}"


def duration_in_words(seconds: float) -> str:
    """Return "42 seconds" below 90 s, "3 minutes" from there on."""
    if seconds < 90:
        return f"{int(seconds) + 1} seconds"
    return f"{round(seconds / 60)} minutes"
