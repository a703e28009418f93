"""Tells the people somebody shares a room with that they came or went.

Changes are gathered for a moment: a crowd that comes back at once costs a few queries for all of it, and each of them
is told to those who are here of their rooms, not to the whole site.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import InterfaceError, OperationalError
from django.utils import timezone

from accounts import presence, statements
from accounts.payloads import Named, user_brief
from chatsite.realtime import delivery
from chatsite.realtime.timers import Timer
from chatsite.times import iso

logger = logging.getLogger(__name__)

# Seconds; short enough to look immediate. And until the database is asked again that could not answer, at first and at
# most: each time is a line in the log.
GATHER, AGAIN, LONGEST = 0.1, 1.0, 5.0

Change = tuple[str, datetime]

later: Callable[[float, Callable[[], None]], Any] = Timer
waiting: dict[int, Change] = {}
again = AGAIN


def arrived(user_id: int) -> None:
    presence.seen[user_id] = note(user_id, "user-connected")


def gone(user_id: int) -> None:
    presence.seen[user_id] = note(user_id, "user-disconnected")


def note(user_id: int, event: str) -> datetime:
    """The last change counts: somebody who came and went within the moment was never here. Those who are connected to
    this process are told; each process tells its own."""
    now = timezone.now()
    waiting[user_id] = (event, now)
    if len(waiting) == 1:
        later(GATHER, tell_all)
    return now


def tell_all() -> None:
    global again  # noqa: PLW0603
    changes = dict(waiting)
    waiting.clear()
    try:
        audience = presence.audience(changes)
        people = statements.briefs(changes)
    except (OperationalError, InterfaceError) as error:
        logger.warning("%d who came or went are told of later: %s", len(changes), error)
        put_back(changes)
        return
    again = AGAIN
    online = presence.online_ids()
    for person in people:
        others = online.intersection(audience.get(person.id, ())) - {person.id}
        event, at = changes[person.id]
        delivery.to_users(others, event, change_payload(person, event, at), droppable=True)


def put_back(changes: dict[int, Change]) -> None:
    """To be told with what comes next. What has changed since is newer."""
    global again  # noqa: PLW0603
    if not waiting:
        later(again, tell_all)
        again = min(LONGEST, 2 * again)
    for user_id, change in changes.items():
        waiting.setdefault(user_id, change)


def change_payload(person: Named, event: str, at: datetime) -> dict[str, Any]:
    payload = {"user": user_brief(person), "at": iso(at)}
    return {**payload, "last_seen": iso(at)} if event == "user-disconnected" else payload
