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
from accounts.presence import idle, presence, visibility
from chatsite.contract.times import iso
from chatsite.realtime.delivery import delivery
from chatsite.realtime.scheduling.debouncer import Debouncer

# Short enough to look immediate.
GATHER_SECONDS = 0.1

Change = tuple[str, datetime]


def arrived(user_id: int) -> None:
    """Record that the person came online, and broadcast it."""
    note_seen(user_id, record(user_id, "user-connected"))


def gone(user_id: int) -> None:
    """Record that the person went offline, and broadcast it."""
    note_seen(user_id, record(user_id, "user-disconnected"))


def note_seen(user_id: int, at: datetime) -> None:
    """Collect the time, but not of who is invisible: others would see by it that they were here."""
    if not visibility.is_invisible(user_id):
        presence.seen[user_id] = at


def record(user_id: int, event: str) -> datetime:
    """Collect a change and return its time, unless the person is invisible. The last change of a person counts: somebody
    who came and went within GATHER_SECONDS was never online. Each process broadcasts to its own connections."""
    now = timezone.now()
    if not visibility.is_invisible(user_id):
        pending_changes.note({user_id: (event, now)})
    idle.look_again(user_id)
    return now


def visibility_changed(user_id: int, invisible: bool) -> None:
    """Broadcast that somebody who is here became invisible, as if they left, or visible."""
    if not presence.is_connected(user_id):
        return
    now = timezone.now()
    pending_changes.note({user_id: ("user-disconnected" if invisible else "user-connected", now)})
    if presence.here.is_local(user_id):
        presence.seen[user_id] = now


visibility.on_change.append(visibility_changed)


def broadcast(changes: Mapping[int, Change]) -> None:
    """Send the collected changes to the online part of each person's audience."""
    audience = presence.audience(changes)
    people = sql.briefs(changes)
    connected = presence.connected_ids()
    for person in people:
        event, at = changes[person.id]
        if event == "user-connected" and visibility.is_invisible(person.id):
            continue
        others = (connected & audience.get(person.id, set())) - {person.id}
        delivery.to_users(others, event, change_payload(person, event, at), droppable=True)


# The last change by user id.
pending_changes = Debouncer[int, Change]("presence", broadcast, gather=GATHER_SECONDS)


def change_payload(person: Named, event: str, at: datetime) -> dict[str, Any]:
    """Return `{user, at}`, with `last_seen` for a disconnect."""
    payload = {"user": user_brief(person), "at": iso(at)}
    return {**payload, "last_seen": iso(at)} if event == "user-disconnected" else payload
