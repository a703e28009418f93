"""The log of a room: the one sequence of events behind live delivery, catch-up, history and unread counts.

An event is `{"event": name, "data": {…}}` with `data["seq"]`. Apps whose events need more than the log's row register
a builder for them.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from itertools import count
from time import monotonic
from typing import Any, NamedTuple, TypedDict

import orjson
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from accounts.payloads import user_brief
from chatsite.contract.times import iso
from chatsite.realtime.delivery import delivery, peers, subscriptions
from chatsite.realtime.limits import event_costs
from chatsite.realtime.queues import read_queue
from rooms import sql
from rooms.log.consumers import news
from rooms.models import Event, Room

Payload = dict[str, Any]


class LogLine(NamedTuple):
    """A row of the log, without the columns that only events without a builder need."""

    seq: int
    event: str
    subject_id: Any


Builder = Callable[[Sequence[LogLine]], dict[int, Payload]]

# Builders by event name: each takes lines of one room and returns their data by seq.
builders: dict[str, Builder] = {}

Revision = Callable[[Sequence[tuple[Event, Payload]]], None]

# By event name, what changes the data of events without a builder that are read again: what they tell of may be gone.
revisions: dict[str, Revision] = {}

PAGE_EVENTS = 500
# Bytes of a page: it must fit a socket's send buffer of 1 MiB beside what else waits there.
PAGE_BYTES = 256 * 1024
# Events in one query: some 8 ms.
EVENTS_PER_QUERY = 250
# Seconds for which a page is shared, and pages kept for that: at most 4 MiB.
SHARE_SECONDS, MAX_SHARED_PAGES = 1.0, 16


class Page(TypedDict):
    """A page of the log, as `sync` returns it."""

    epoch: str
    head: int
    events: list[Payload]
    more: bool
    reset: bool


def next_seq(room: Room) -> int:
    """Return the room's next seq. In a transaction: the row stays locked until its end, so no seq is lost or used
    twice."""
    [room.head] = next_seqs([room.pk])
    return room.head


def next_seqs(room_ids: Sequence[int]) -> list[int]:
    """Return the next seq of each room named, in the order given; a room may be named repeatedly. In a transaction,
    as `next_seq`."""
    counts = Counter(room_ids)
    marks = ", ".join(["%s"] * len(counts))
    with connection.cursor() as cursor:
        # Sorted, as two transactions that lock the same rooms in different orders would deadlock.
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
    """Store an event at a seq that was taken."""
    return Event.objects.create(
        room=room, seq=seq, event=event, user=user, subject_id=subject_id, data=data or {}
    )


def publish(room: Room, event: str, data: Payload) -> None:
    """Deliver an event to the room's subscribers once the transaction is committed."""
    transaction.on_commit(partial(deliver, room.slug, event, data, data["seq"]), robust=True)


def deliver(slug: str, event: str, data: Payload | orjson.Fragment, seq: int) -> None:
    """Deliver a committed event to the room's subscribers, in the order of the log, and note it for the log's
    consumers. `data` may be JSON already."""
    delivery.to_log(slug, event, data, seq)
    news.note(slug)


def deliver_about(room: Room, event: str, data: orjson.Fragment, seq: int, subject: Any) -> None:
    """Do `deliver` for an event whose subject was just stored, by which most consumers see that it doesn't concern them."""
    delivery.to_log(room.slug, event, data, seq)
    news.note_line(room.slug, room.id, seq, event, subject)


def append(room: Room, event: str, user: User, **data: Any) -> Event:
    """Store and publish an event about `user` that needs no builder. In a transaction."""
    return _append(room, event, [user], data)[0]


def append_about(room: Room, event: str, user: User, subject_id: int, **data: Any) -> Event:
    """Do `append` for an event whose subject is looked for when it is read again (`revisions`)."""
    return _append(room, event, [user], data, subject_id)[0]


def append_all(room: Room, event: str, users: Sequence[User], **data: Any) -> list[Event]:
    """Do `append` for each of some people, in as many statements as for one. The rows are returned without ids."""
    return _append(room, event, users, data)


def _append(
    room: Room, event: str, users: Sequence[User], data: Payload, subject_id: int | None = None
) -> list[Event]:
    seqs = next_seqs([room.pk] * len(users))
    room.head = seqs[-1]
    at = timezone.now()
    rows = [
        Event(room=room, seq=seq, event=event, user=user, data=data, at=at)
        for seq, user in zip(seqs, users, strict=True)
    ]
    sql.log(room.pk, event, data, at, zip(seqs, (user.pk for user in users), strict=True), subject_id)
    for row in rows:
        publish(room, event, row_data(room, row))
        event_costs.charge_for_room(row.user_id, room.slug)
    return rows


def row_data(room: Room, row: Event) -> Payload:
    """Return the data of an event that needs no builder."""
    user = user_brief(row.user) if row.user else None
    return {"room": room.slug, "seq": row.seq, "user": user, "at": iso(row.at), **row.data}


def build(room: Room, lines: Sequence[LogLine]) -> list[Payload]:
    """Return the lines as clients see them, in the order given."""
    whole = {line.seq for line in lines if line.event not in builders}
    rows = room.events.filter(seq__in=whole).select_related("user")
    built = {row.seq: row_data(room, row) for row in rows}
    for revise in {revisions[row.event] for row in rows if row.event in revisions}:
        revise([(row, built[row.seq]) for row in rows if revisions.get(row.event) is revise])
    for builder in {builders[line.event] for line in lines if line.event in builders}:
        built |= builder([line for line in lines if builders.get(line.event) is builder])
    return [{"event": line.event, "data": built[line.seq]} for line in lines]


def read(room: Room, after: int | None, epoch: str | None = None, limit: int = PAGE_EVENTS) -> Page:
    """Return a page of events after `after`: at most `limit` events and about 256 KiB, oldest first; `more` says that
    there is a next page.

    `after=None` means a client that wants nothing of the past. Another log's epoch, or a position beyond the head,
    returns `reset` and no events.
    """
    room.head = head = Room.objects.values_list("head", flat=True).get(pk=room.pk)
    page = nothing_new(room, after, epoch)
    if page is not None or after is None:
        return page or Page(epoch=room.epoch, head=head, events=[], more=False, reset=False)
    events = page_after(room, after, limit)
    last = events[-1]["data"]["seq"] if events else after
    head = max(head, last)
    return Page(epoch=room.epoch, head=head, events=events, more=last < head, reset=False)


# Keyed by room id, the client's position, the head when it subscribed, and `delivered_up_to`.
_shared_pages: dict[tuple[int, int, int, int | None], tuple[float, Page]] = {}


def read_shared(room: Room, after: int | None, epoch: str | None) -> Page:
    """Return a page as `read`, which may be SHARE_SECONDS old: clients that were away together ask for the same page.
    `room.head` is the head when the client subscribed. Every change takes a seq, so a shared page shows nothing that was
    deleted before the subscription or before the last event delivered since."""
    page = nothing_new(room, after, epoch)
    if page is not None or after is None:
        return page or read(room, after, epoch)
    key, now = (room.pk, after, room.head, delivered_up_to(room)), monotonic()
    since, shared = _shared_pages.get(key, (now - SHARE_SECONDS, None))
    if shared is not None and now - since < SHARE_SECONDS:
        return shared
    if len(_shared_pages) >= MAX_SHARED_PAGES:
        _shared_pages.clear()
    _, shared = _shared_pages[key] = monotonic(), read(room, after, epoch)
    return shared


def delivered_up_to(room: Room) -> int | None:
    """Return the last seq that was delivered here; with other processes, whose events may be late, the head in the
    database. Deleted text must never be replayed."""
    if peers.site.there:
        return Room.objects.values_list("head", flat=True).get(pk=room.pk)
    return subscriptions.last_seq(room.slug)


def nothing_new(room: Room, after: int | None, epoch: str | None) -> Page | None:
    """Return a page without events, for a `room` with its current head; None if there is something to read."""
    reset = (epoch is not None and epoch != room.epoch) or (after is not None and after > room.head)
    if reset or after is None or after == room.head:
        return Page(epoch=room.epoch, head=room.head, events=[], more=False, reset=reset)
    return None


def page_after(room: Room, after: int, limit: int) -> list[Payload]:
    """Return the events that fit one page, at least one. Read in parts: few long messages fit, and others get a turn
    in between."""
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
    """Return the next lines after a seq."""
    rows = room.events.filter(seq__gt=after).order_by("seq")
    return [LogLine(*row) for row in rows.values_list(*LogLine._fields)[:limit]]
