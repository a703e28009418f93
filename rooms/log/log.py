"""The log of a room: the one sequence from which live delivery, catch-up, history and unread counts are read.

An event is `{"event": name, "data": {…}}` with `data["seq"]`. Apps whose events say more than is stored in the
log's own row register a builder for them.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from itertools import count
from typing import Any, NamedTuple, TypedDict

import orjson
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from accounts.payloads import user_brief
from chatsite.contract.times import iso
from chatsite.realtime.delivery import delivery
from chatsite.realtime.limits import event_costs
from chatsite.realtime.queues import read_queue
from rooms import sql
from rooms.models import Event, Room

Payload = dict[str, Any]


class LogLine(NamedTuple):
    """A row of the log, but for what only events without a builder need."""

    seq: int
    event: str
    subject_id: Any


Builder = Callable[[Sequence[LogLine]], dict[int, Payload]]

# Builders by event name. Each takes a room's lines and gives their data by seq.
builders: dict[str, Builder] = {}

PAGE_EVENTS = 500
# A page of the log must fit a socket's outbox of 1 MiB beside what else waits there.
PAGE_BYTES = 256 * 1024
# Events read at once, some 8 ms.
EVENTS_PER_QUERY = 250


class Page(TypedDict):
    epoch: str
    head: int
    events: list[Payload]
    more: bool
    reset: bool


def next_seq(room: Room) -> int:
    """The room's next seq. Inside a transaction: the row stays locked until it ends, so none is lost or doubled."""
    [room.head] = next_seqs([room.pk])
    return room.head


def next_seqs(room_ids: Sequence[int]) -> list[int]:
    """The next seq of each room named, in the order given; a room may be named often. In a transaction: see `next_seq`."""
    counts = Counter(room_ids)
    marks = ", ".join(["%s"] * len(counts))
    with connection.cursor() as cursor:
        # In the order of their keys: two transactions that lock the same rooms don't wait for each other.
        cursor.executemany(
            "UPDATE rooms_room SET head = head + %s WHERE id = %s",
            [(counts[pk], pk) for pk in sorted(counts)],
        )
        cursor.execute(f"SELECT id, head FROM rooms_room WHERE id IN ({marks})", list(counts))
        positions = {pk: count(head - counts[pk] + 1) for pk, head in cursor.fetchall()}
    return [next(positions[pk]) for pk in room_ids]


def write(
    room: Room,
    seq: int,
    event: str,
    user: User | None,
    subject_id: int | None = None,
    data: Payload | None = None,
) -> Event:
    return Event.objects.create(
        room=room, seq=seq, event=event, user=user, subject_id=subject_id, data=data or {}
    )


def publish(room: Room, event: str, data: Payload) -> None:
    """To everyone who has joined the room, once the transaction around it is committed."""
    transaction.on_commit(partial(deliver, room.slug, event, data, data["seq"]), robust=True)


def deliver(slug: str, event: str, data: Payload | orjson.Fragment, seq: int) -> None:
    """To everyone who has joined the room, now, in the order of the log. For what is committed; it may be JSON already."""
    delivery.to_log(slug, event, data, seq)


def append(room: Room, event: str, user: User, **data: Any) -> Event:
    """Write and publish an event about `user` whose whole story is in its row."""
    return append_all(room, event, [user], **data)[0]


def append_all(room: Room, event: str, users: Sequence[User], **data: Any) -> list[Event]:
    """`append` for each of some people, in their order and by as many statements as for one. The rows are what was written,
    but for their ids."""
    seqs = next_seqs([room.pk] * len(users))
    room.head = seqs[-1]
    at = timezone.now()
    rows = [
        Event(room=room, seq=seq, event=event, user=user, data=data, at=at)
        for seq, user in zip(seqs, users, strict=True)
    ]
    sql.log(room.pk, event, data, at, zip(seqs, (user.pk for user in users), strict=True))
    for row in rows:
        publish(room, event, row_data(room, row))
        event_costs.charge_for_room(row.user_id, room.slug)
    return rows


def row_data(room: Room, row: Event) -> Payload:
    user = user_brief(row.user) if row.user else None
    return {"room": room.slug, "seq": row.seq, "user": user, "at": iso(row.at), **row.data}


def build(room: Room, lines: Sequence[LogLine]) -> list[Payload]:
    """The lines as clients see them, in the order given."""
    whole = {line.seq for line in lines if line.event not in builders}
    rows = room.events.filter(seq__in=whole).select_related("user")
    built = {row.seq: row_data(room, row) for row in rows}
    for builder in {builders[line.event] for line in lines if line.event in builders}:
        built |= builder([line for line in lines if builders.get(line.event) is builder])
    return [{"event": line.event, "data": built[line.seq]} for line in lines]


def read(room: Room, after: int | None, epoch: str | None = None, limit: int = PAGE_EVENTS) -> Page:
    """What happened after `after`, at most `limit` events and about 256 KiB, oldest first; `more` says whether to ask again.

    `after=None` is one who has seen nothing and wants nothing of the past. Another log's epoch, or a place beyond
    the head, is answered with `reset` and no events.
    """
    room.head = head = Room.objects.values_list("head", flat=True).get(pk=room.pk)
    page = nothing_new(room, after, epoch)
    if page is not None or after is None:
        return page or Page(epoch=room.epoch, head=head, events=[], more=False, reset=False)
    events = page_after(room, after, limit)
    last = events[-1]["data"]["seq"] if events else after
    head = max(head, last)
    return Page(epoch=room.epoch, head=head, events=events, more=last < head, reset=False)


def nothing_new(room: Room, after: int | None, epoch: str | None) -> Page | None:
    """The page without events, for a `room` with its head as it is now; None for who has something to read."""
    reset = (epoch is not None and epoch != room.epoch) or (after is not None and after > room.head)
    if reset or after is None or after == room.head:
        return Page(epoch=room.epoch, head=room.head, events=[], more=False, reset=reset)
    return None


def page_after(room: Room, after: int, limit: int) -> list[Payload]:
    """What fits one page, and never nothing. Read in parts: of long messages few fit, and between two parts others have
    their turn."""
    events: list[Payload] = []
    size, many = 0, min(EVENTS_PER_QUERY, limit)
    while many:
        lines = lines_after(room, after, many)
        for event in build(room, lines):
            size += len(orjson.dumps(event))
            if size > PAGE_BYTES and events:
                return events
            events.append(event)
        if len(lines) < many:
            break
        after = lines[-1].seq
        many = min(EVENTS_PER_QUERY, limit - len(events))
        read_queue.give_way()
    return events


def lines_after(room: Room, after: int, limit: int) -> list[LogLine]:
    rows = room.events.filter(seq__gt=after).order_by("seq")
    return [LogLine(*row) for row in rows.values_list(*LogLine._fields)[:limit]]
