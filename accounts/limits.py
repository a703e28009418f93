"""How often somebody may try. An attempt is counted before it is made, so that a hundred at once are a hundred."""

import hashlib
import time

from django.core.cache import cache

from chatsite.errors import RateLimited

WINDOW = 300  # seconds
LOGINS_PER_NAME = 10
LOGINS_PER_ADDRESS = 50
SIGN_UPS_PER_ADDRESS = 50
RESETS_PER_ADDRESS = 10
RESETS_PER_NAME = 3


def attempt(kind: str, who: str, limit: int) -> None:
    """Counts one; raises RateLimited, with the seconds until the window ends, from the one after `limit` on."""
    now = time.time()
    key = counter(kind, who, now)
    cache.add(key, 0, WINDOW)
    try:
        count = cache.incr(key)
    except ValueError:  # run out between the two lines
        count = 1
    if count > limit:
        wait = WINDOW - now % WINDOW
        raise RateLimited(f"Too many attempts. Try again in {in_words(wait)}.", retry_after=round(wait, 1))


def succeeded(kind: str, who: str) -> None:
    """Takes one attempt back: only failures count."""
    try:
        cache.decr(counter(kind, who, time.time()))
    except ValueError:
        return


def counter(kind: str, who: str, now: float) -> str:
    # Digested: a name may hold anything, and the cache's keys may not.
    digest = hashlib.sha256(who.encode(errors="replace")).hexdigest()[:32]
    return f"limit:{kind}:{digest}:{int(now // WINDOW)}"


def in_words(seconds: float) -> str:
    if seconds < 90:
        return f"{int(seconds) + 1} seconds"
    return f"{round(seconds / 60)} minutes"
