"""Who is active: had input on a visible page within the last two minutes. A person who reads on the desk needs no push to
the phone.

A page reports it by the event `active`: true with input, at most each REPORT_SECONDS, and false when it is hidden or nobody
touched it for two minutes. Each process knows its own connections, and tells the others until when somebody is active. In
memory only: after a restart nobody is active until the next input.
"""

import os
from collections.abc import Callable
from socket import gethostname
from time import monotonic

from chatsite.contract.errors import RateLimited
from chatsite.realtime.delivery import delivery, peers
from chatsite.realtime.delivery.connection import Connection

# Seconds for which an input counts.
ACTIVE_SECONDS = 120.0
# Seconds between two reports of the same of one connection.
REPORT_SECONDS = 20.0
WORD = "active"

# Until when each connection here is active, by person and sid; and each person elsewhere, by process. Monotonic.
here: dict[int, dict[str, float]] = {}
elsewhere: dict[int, dict[str, float]] = {}
# Called with the id of a person who is active no more because their pages went.
on_gone: list[Callable[[int], object]] = []


def active_for(user_id: int) -> float:
    """Return the seconds for which the person still counts as active; 0 if they aren't."""
    ends = [*here.get(user_id, {}).values(), *elsewhere.get(user_id, {}).values()]
    return max(0.0, max(ends, default=0.0) - monotonic())


def report(connection: Connection, active: bool) -> None:
    """Note that a connection's page has input, or isn't looked at any more. Raises RateLimited."""
    user_id, sid = connection.identity.user_id, connection.sid
    if not active:
        forget(connection)
        return
    until = monotonic() + ACTIVE_SECONDS
    wait = here.get(user_id, {}).get(sid, 0.0) - until + REPORT_SECONDS
    if wait > 0:
        raise RateLimited(retry_after=wait)
    here.setdefault(user_id, {})[sid] = until
    tell(user_id)


def forget(connection: Connection) -> None:
    """Forget a connection that is gone, or whose page isn't looked at."""
    user_id = connection.identity.user_id
    sids = here.get(user_id, {})
    if sids.pop(connection.sid, None) is None:
        return
    if not sids:
        del here[user_id]
    tell(user_id)
    if not active_for(user_id):
        for gone in on_gone:
            gone(user_id)


def tell(user_id: int) -> None:
    """Tell the other processes for how long the person is active here."""
    left = max(0.0, max(here.get(user_id, {}).values(), default=0.0) - monotonic())
    delivery.notify_processes(WORD, process_name(), user_id, left)


def process_name() -> str:
    """Return what tells this process from the site's others."""
    return f"{gethostname()}:{os.getpid()}"


def hear(worker: str, user_id: int, seconds: float) -> None:
    """Note what another process tells."""
    workers = elsewhere.setdefault(user_id, {})
    workers[worker] = monotonic() + min(seconds, ACTIVE_SECONDS)


def sweep() -> None:
    """Forget what has ended."""
    now = monotonic()
    for people in (here, elsewhere):
        for user_id, ends in list(people.items()):
            people[user_id] = {name: end for name, end in ends.items() if end > now}
            if not people[user_id]:
                del people[user_id]


peers.register(WORD, hear, str, int, float | int)
