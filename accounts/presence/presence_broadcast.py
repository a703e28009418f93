"""Broadcast of `user-connected` and `user-disconnected` to people who share a room with the person.

Changes are collected for 0.1 s: a site that reconnects at once costs a few queries for all, and each change goes to
the people online in the person's rooms, not to the whole site.
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

# Short enough to look immediate.
GATHER_SECONDS = 0.1

Change = tuple[str, datetime]


def arrived(user_id: int) -> None:
    """Record that the person came online, and broadcast it."""
    presence.seen[user_id] = record(user_id, "user-connected")


def gone(user_id: int) -> None:
    """Record that the person went offline, and broadcast it."""
    presence.seen[user_id] = record(user_id, "user-disconnected")


def record(user_id: int, event: str) -> datetime:
    """Collect a change and return its time. The last change of a person counts: somebody who came and went within
    GATHER_SECONDS was never online. Each process broadcasts to its own connections."""
    now = timezone.now()
    pending_changes.note({user_id: (event, now)})
    return now


def broadcast(changes: Mapping[int, Change]) -> None:
    """Send the collected changes to the online part of each person's audience."""
    audience = presence.audience(changes)
    people = sql.briefs(changes)
    online = presence.online_ids()
    for person in people:
        others = online.intersection(audience.get(person.id, ())) - {person.id}
        event, at = changes[person.id]
        delivery.to_users(others, event, change_payload(person, event, at), droppable=True)


# The last change by user id.
pending_changes = Debouncer[int, Change]("presence", broadcast, gather=GATHER_SECONDS)


def change_payload(person: Named, event: str, at: datetime) -> dict[str, Any]:
    """Return `{user, at}`, with `last_seen` for a disconnect."""
    payload = {"user": user_brief(person), "at": iso(at)}
    return {**payload, "last_seen": iso(at)} if event == "user-disconnected" else payload
