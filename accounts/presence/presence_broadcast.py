"""Tells the people somebody shares a room with that they came or went.

Changes are gathered for a moment: a crowd that comes back at once costs a few queries for all of it, and each of them
is told to those who are here of their rooms, not to the whole site.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone

from accounts import sql
from accounts.payloads import Named, user_brief
from accounts.presence import presence
from chatsite.contract.times import iso
from chatsite.realtime.delivery import delivery
from chatsite.realtime.scheduling.debouncer import Debouncer

# Seconds; short enough to look immediate.
GATHER_SECONDS = 0.1

Change = tuple[str, datetime]


def arrived(user_id: int) -> None:
    presence.seen[user_id] = record(user_id, "user-connected")


def gone(user_id: int) -> None:
    presence.seen[user_id] = record(user_id, "user-disconnected")


def record(user_id: int, event: str) -> datetime:
    """The last change counts: somebody who came and went within the moment was never here. Those who are connected to
    this process are told; each process tells its own."""
    now = timezone.now()
    pending_changes.note({user_id: (event, now)})
    return now


def broadcast(changes: Mapping[int, Change]) -> None:
    audience = presence.audience(changes)
    people = sql.briefs(changes)
    online = presence.online_ids()
    for person in people:
        others = online.intersection(audience.get(person.id, ())) - {person.id}
        event, at = changes[person.id]
        delivery.to_users(others, event, change_payload(person, event, at), droppable=True)


# The last change of each of those who came or went, by their ids.
pending_changes = Debouncer[int, Change]("presence", broadcast, gather=GATHER_SECONDS)


def change_payload(person: Named, event: str, at: datetime) -> dict[str, Any]:
    payload = {"user": user_brief(person), "at": iso(at)}
    return {**payload, "last_seen": iso(at)} if event == "user-disconnected" else payload
