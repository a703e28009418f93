"""`user-updated`: a new display name, told to those who share a room with its bearer.

Changes are gathered, and the longer the telling takes the more: it takes no more than a tenth of the time.
"""

from collections.abc import Callable, Collection, Iterable
from time import monotonic
from typing import Any

from django.db import DatabaseError, InterfaceError

from chatsite.realtime import delivery, listeners, others
from chatsite.realtime.connection import Connection
from chatsite.realtime.timers import Timer

# Seconds; and so many times longer than the last telling took is gathered, at most LONGEST_SECONDS.
GATHER_SECONDS, REST, LONGEST_SECONDS = 0.2, 9, 5.0


def nobody(user_ids: Collection[int]) -> dict[int, list[Connection]]:
    return {}


# The connections to this process that hear of each of these people. Set by rooms.
audience: Callable[[Collection[int]], dict[int, list[Connection]]] = nobody

waiting: set[int] = set()
pause = GATHER_SECONDS


def tell(user_id: int) -> None:
    """Somebody's name has changed. Each process tells its own connections."""
    delivery.tell_others("user-updated", [user_id])
    note([user_id])


def note(user_ids: Iterable[Any]) -> None:
    if not listeners.anybody():
        return
    if not waiting:
        Timer(pause, tell_all)
    waiting.update(user_id for user_id in user_ids if isinstance(user_id, int))


others.hear("user-updated", note, list)


def tell_all() -> None:
    global pause  # noqa: PLW0603
    from accounts.models import User
    from accounts.payloads import user_payload

    began, changed = monotonic(), set(waiting)
    waiting.clear()
    try:
        heard = audience(changed)
        people = list(User.objects.filter(pk__in=heard))
    except (DatabaseError, InterfaceError):
        pause = LONGEST_SECONDS
        note(changed)
        raise
    for person in people:
        delivery.to_connections(heard[person.pk], "user-updated", user_payload(person))
    pause = min(LONGEST_SECONDS, max(GATHER_SECONDS, REST * (monotonic() - began)))
