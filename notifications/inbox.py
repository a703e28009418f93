"""The inbox: what people were told, stored, trimmed, and told live to their open pages."""

from collections.abc import Collection, Iterable, Sequence
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import Count, F, Q
from django.utils import timezone

from accounts.payloads import user_brief
from accounts.presence import person_events, presence
from chatsite.contract.times import iso
from chatsite.database.chunks import chunked
from messaging.models import Message
from messaging.payloads import gist
from notifications.models import MAX_TEXT_LENGTH, OF_MESSAGES, Kind, Notification
from rooms.unread import marks

Payload = dict[str, Any]

# Rows that a person has; the oldest read ones go first.
MAX_PER_PERSON = 500
# Ids in one statement.
IDS_PER_STATEMENT = 500
# What of a person's inbox is unread, as `unread` keeps it.
UNREAD_MARK = marks.subquery(
    """notifications_notification n
       LEFT JOIN rooms_membership m ON m.room_id = n.room_id AND m.user_id = n.user_id
       WHERE n.user_id = me.id AND n.read_at IS NULL AND (n.kind = 'reminder' OR n.seq > m.read_seq)""",
    *("count(*)", "sum(n.id)"),
)


def store(rows: Sequence[Notification]) -> list[Notification]:
    """Store new rows of one message or reaction, in three statements; return those that weren't there. Rows that come again
    change nothing."""
    if not rows:
        return []
    known = known_users(rows)
    fresh = [row for row in rows if row.user_id not in known]
    Notification.objects.bulk_create(fresh, ignore_conflicts=True)
    trim({row.user_id for row in fresh})
    return fresh


def known_users(rows: Sequence[Notification]) -> set[int]:
    """Return those of the rows' people who were told of the same before."""
    one = rows[0]
    same = Notification.objects.filter(message=one.message_id, user__in=[row.user_id for row in rows])
    if one.kind == Kind.REACTION:
        same = same.filter(kind=Kind.REACTION, actor=one.actor_id, emoji=one.emoji)
    else:
        same = same.filter(kind__in=OF_MESSAGES)
    return set(same.values_list("user_id", flat=True))


def trim(user_ids: Collection[int]) -> None:
    """Delete what these people have beyond MAX_PER_PERSON: the oldest that is read, and then the oldest."""
    many = Notification.objects.filter(user__in=user_ids).order_by().values("user").annotate(n=Count("pk"))
    for user_id, count in many.filter(n__gt=MAX_PER_PERSON).values_list("user", "n"):
        unread = set(Notification.objects.filter(user=user_id).placed().unread().values_list("pk", flat=True))
        mine = Notification.objects.filter(user=user_id).order_by("pk").values_list("pk", flat=True)
        oldest = sorted(mine, key=lambda pk: (pk in unread, pk))
        delete(oldest[: count - MAX_PER_PERSON])


def delete(pks: Iterable[int]) -> None:
    """Delete rows, in parts."""
    for some in chunked(pks, IDS_PER_STATEMENT):
        Notification.objects.filter(pk__in=some).delete()


def withdraw(rows: Iterable[tuple[int, int]]) -> bool:
    """Delete rows, given as (id, user's id), and tell their people; return whether there were any."""
    gone: dict[int, list[int]] = {}
    for pk, user_id in rows:
        gone.setdefault(user_id, []).append(pk)
    delete(pk for pks in gone.values() for pk in pks)
    tell_read(gone)
    return bool(gone)


def unread_counts(user_ids: Collection[int]) -> dict[int, int]:
    """Return how much is unread by user id, in one query."""
    found = Notification.objects.filter(user__in=user_ids).placed().unread()
    found = found.filter(message__deleted_at=None, message__hidden_at=None)
    counts = dict(found.order_by().values_list("user").annotate(n=Count("pk")))
    return {user_id: counts.get(user_id, 0) for user_id in user_ids}


def tell_new(rows: Sequence[Notification], message: Message) -> None:
    """Send `notification` of rows of one message to their people's connections, in every process."""
    here = presence.connected_ids()
    online = [row.user_id for row in rows if row.user_id in here]
    if not online:
        return
    # Rows of a bulk insert have no ids.
    one = rows[0]
    stored = Notification.objects.filter(message=message, user__in=online).select_related("actor")
    if one.kind == Kind.REACTION:
        stored = stored.filter(kind=Kind.REACTION, actor=one.actor_id, emoji=one.emoji)
    else:
        stored = stored.filter(kind__in=OF_MESSAGES)
    counts = unread_counts(online)
    for row in stored.placed():
        row.message, row.room = message, message.room
        person_events.to_user_everywhere(
            row.user_id, "notification", {**payload(row), "unread": counts[row.user_id]}, droppable=True
        )


def add_reminder(user_id: int, message: Message | None, text: str) -> None:
    """Put a reminder that is due into the person's inbox, within the transaction that says so."""
    row = Notification.objects.create(
        user_id=user_id,
        kind=Kind.REMINDER,
        room=message.room if message else None,
        message=message,
        text=text[:MAX_TEXT_LENGTH],
    )
    trim({user_id})
    transaction.on_commit(partial(tell_reminder, row.pk))


def tell_reminder(pk: int) -> None:
    """Send `notification` of a reminder to its person's connections, in every process."""
    found = Notification.objects.filter(pk=pk).select_related("room", "message", "actor").placed().first()
    if found is not None and presence.is_connected(found.user_id):
        unread = unread_counts([found.user_id])[found.user_id]
        person_events.to_user_everywhere(
            found.user_id, "notification", {**payload(found), "unread": unread}, droppable=True
        )


def tell_read(read: dict[int, list[int]]) -> None:
    """Send `notification-read` with the ids that aren't unread any more, by user id, to their connections."""
    here = presence.connected_ids()
    online = [user_id for user_id in read if user_id in here]
    counts = unread_counts(online) if online else {}
    for user_id, unread in counts.items():
        person_events.to_user_everywhere(
            user_id, "notification-read", {"ids": sorted(read[user_id]), "unread": unread}, droppable=True
        )


def mark(user_id: int, wanted: Q) -> list[int]:
    """Mark a person's rows as read; return the ids of those that were unread. Two statements."""
    unread = Notification.objects.filter(wanted, user=user_id).placed().unread()
    pks = list(unread.values_list("pk", flat=True)[: 2 * MAX_PER_PERSON])
    if pks:
        Notification.objects.filter(pk__in=pks).update(read_at=timezone.now())
    return pks


def stale(user_ids: Collection[int]) -> list[tuple[int, int]]:
    """Return (id, user's id) of rows that aren't marked, though their people have read beyond them."""
    found = Notification.objects.filter(user__in=user_ids, read_at=None).exclude(kind=Kind.REMINDER).placed()
    return list(found.filter(seq__lte=F("place")).values_list("pk", "user_id")[: 4 * IDS_PER_STATEMENT])


def payload(row: Notification) -> Payload:
    """Return the contract's notification; the row has `place`, and its room, message and actor are loaded."""
    message, place = row.message, row.place  # type: ignore[attr-defined]
    read = row.read_at is not None or (row.kind != Kind.REMINDER and place is not None and row.seq <= place)
    return {
        "id": row.pk,
        "kind": row.kind,
        "room": row.room and row.room.slug,
        "message": row.message_id,
        "user": row.actor and user_brief(row.actor),
        "emoji": row.emoji or None,
        "text": row.text or (gist(message) if message and not message.gone else ""),
        "at": iso(row.at),
        "read": read,
    }
