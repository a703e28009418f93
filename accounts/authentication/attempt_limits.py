"""How often somebody may try. An attempt is limits before it is made, so that a hundred at once are a hundred."""

import hashlib
import time

from django.core.cache import cache

from chatsite.contract.errors import RateLimited

WINDOW_SECONDS = 300  # seconds
# Failures of one address: with one name, and with all names together.
LOGINS_PER_NAME = 10
LOGINS_PER_ADDRESS = 50
# Failures with one name, of all addresses together. Whoever has many of them may lock a name for browsers it never logged
# in with; so it is far above what one address may do, and still no more than 28,800 password_limits a day.
LOGINS_PER_NAME_ANYWHERE = 100
# Failures with one name in a browser that this person has logged in with. Nothing else counts against it.
LOGINS_PER_DEVICE = 10
SIGN_UPS_PER_ADDRESS = 50
RESETS_PER_ADDRESS = 10
RESETS_PER_NAME = 3


AttemptLimit = tuple[str, str, int]


def password_limits(name: str, address: str, device: str | None) -> list[AttemptLimit]:
    """What a guess at the password of `name` (in any case) counts against, for `attempt_all`; `device` is one that the
    person has logged in with. The address's own come first: who is refused by them counts against nobody else."""
    if device is not None:
        return [("login-device", device, LOGINS_PER_DEVICE)]
    name = name.lower()
    return [
        ("login-address", address, LOGINS_PER_ADDRESS),
        ("login-name", f"{address} {name}", LOGINS_PER_NAME),
        ("login-anywhere", name, LOGINS_PER_NAME_ANYWHERE),
    ]


def attempt_all(limits: list[AttemptLimit]) -> None:
    for kind, who, limit in limits:
        attempt(kind, who, limit)


def refund_all(limits: list[AttemptLimit]) -> None:
    for kind, who, _ in limits:
        refund(kind, who)


def attempt(kind: str, who: str, limit: int, times: int = 1, window: int = WINDOW_SECONDS) -> None:
    """Counts one, or several at once; raises RateLimited, with the seconds until the window ends, from the one after
    `limit` on. Several that are too many are taken back, so that fewer may still do."""
    now = time.time()
    key = counter_key(kind, who, now, window)
    cache.add(key, 0, window)
    try:
        count = cache.incr(key, times)
    except ValueError:  # run out between the two lines
        count = times
    if count > limit:
        if times > 1:
            subtract(key, times)
        wait = window - now % window
        raise RateLimited(
            f"Too many attempts. Try again in {duration_in_words(wait)}.", retry_after=round(wait, 1)
        )


def refund(kind: str, who: str) -> None:
    """Takes one attempt back: only failures count."""
    subtract(counter_key(kind, who, time.time()))


def subtract(key: str, times: int = 1) -> None:
    try:
        cache.decr(key, times)
    except ValueError:
        return


def counter_key(kind: str, who: str, now: float, window: int = WINDOW_SECONDS) -> str:
    # Digested: a name may hold anything, and the cache's keys may not.
    digest = hashlib.sha256(who.encode(errors="replace")).hexdigest()[:32]
    return f"limit:{kind}:{digest}:{int(now // window)}"


def duration_in_words(seconds: float) -> str:
    if seconds < 90:
        return f"{int(seconds) + 1} seconds"
    return f"{round(seconds / 60)} minutes"
