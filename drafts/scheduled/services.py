"""Services of scheduled messages. Rights are asked when one is made or changed, and again when it is sent.

A message is stored once, however often its row is tried: it has the row's `client_id`. The claim in the row keeps two
processes from doing the same work, and a change from coming in between.

All raise the contract's errors (`chatsite.contract.errors`).
"""

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now

from accounts.models import User
from chatsite.contract.errors import (
    ChatError,
    Conflict,
    Internal,
    Invalid,
    NotFound,
    QuotaExceeded,
    RateLimited,
    Unavailable,
)
from drafts import telling
from drafts.due import DueQueue
from drafts.models import CLAIMED_FOR, ScheduledMessage, ScheduledMessageQuerySet
from drafts.scheduled.payloads import scheduled_payload
from drafts.services import quoted
from drafts.zones import checked_time
from files import services as uploads
from files.models import MAX_FILES, File
from messaging import services as messages
from messaging.models import Message
from messaging.sending.drafts import check_body
from rooms import access
from rooms.models import Room

# Scheduled messages of one person, with those that couldn't be sent.
MAX_SCHEDULED = 100
# Errors that say nothing of the message: it is tried again when its claim has ended.
PASSING = (RateLimited, Unavailable, Internal)
EVENT = "scheduled-changed"
State = ScheduledMessage.State


def scheduled_of(user: User) -> ScheduledMessageQuerySet:
    """Return the person's scheduled messages with what a payload needs."""
    return ScheduledMessage.objects.filter(user=user).select_related("room")


def found(user: User, pk: int) -> ScheduledMessage:
    """Return a scheduled message of the person's. Raises NotFound."""
    row = scheduled_of(user).filter(pk=pk).first()
    if row is None:
        raise NotFound("There is no such scheduled message.")
    return row


def add(
    user: User,
    room: str,
    body: str,
    send_at: datetime,
    client_id: uuid.UUID,
    reply_to: int | None = None,
    time_zone: str = "UTC",
    files: Sequence[uuid.UUID] = (),
) -> tuple[ScheduledMessage, bool]:
    """Store a message to be sent later; return it and whether it is new: a repeat of a `client_id` returns the first. Its
    `files` are uploads of the sender's, for this room, which are kept until it takes them. Raises what sending it now
    would, and Invalid, Conflict and QuotaExceeded."""
    here = access.posting_membership(user, room).room
    check_body(body, may_be_empty=bool(files))
    answered = quoted(here, reply_to)
    if known := scheduled_of(user).filter(client_id=client_id).first():
        return repeated(known, room, body, files), False
    taken = uploads_of(user, here, files)
    at = checked_time("send_at", send_at, time_zone)
    row = ScheduledMessage(
        user=user,
        room=here,
        body=body,
        reply_to=answered,
        files=noted(taken),
        client_id=client_id,
        send_at=at,
        time_zone=time_zone,
    )
    try:
        with transaction.atomic():
            check_number(user, client_id)
            row.save(force_insert=True)
            if taken:
                uploads.hold(taken, row.pk)
            announce(row)
    except IntegrityError:
        return repeated(scheduled_of(user).get(client_id=client_id), room, body, files), False
    return row, True


def uploads_of(user: User, room: Room, ids: Sequence[uuid.UUID]) -> list[File]:
    """Return uploads of the person's that no message has, in this order. One query, or none. Raises Invalid."""
    if not ids:
        return []
    return uploads.checked(uploads.loose([user.pk], ids), ids, user.pk, room.pk)


def uploads_named(user: User, room: Room, names: Sequence[str]) -> list[File]:
    """Return those uploads of the person's, for the room, that a form names; what it names else is passed over."""
    ids = [pk for name in names[:MAX_FILES] if (pk := id_of(name))]
    found = uploads.loose([user.pk], ids) if ids else {}
    return [found[pk] for pk in ids if pk in found and found[pk].room_id == room.pk]


def id_of(name: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(name)
    except ValueError:
        return None


def noted(files: Iterable[File]) -> list[dict[str, str]]:
    """Return what a row has of its files."""
    return [{"id": str(file.pk), "name": file.name} for file in files]


def ids_of(row: ScheduledMessage) -> list[uuid.UUID]:
    return [uuid.UUID(each["id"]) for each in row.files]


def repeated(row: ScheduledMessage, room: str, body: str, files: Sequence[uuid.UUID]) -> ScheduledMessage:
    """Return a row that a request repeats. Raises Conflict if the request is about something else."""
    if (row.room.slug, row.body, ids_of(row)) != (room, body, list(files)):
        raise Conflict.about("client_id", "Another scheduled message has this id.")
    return row


def check_number(user: User, client_id: uuid.UUID) -> None:
    """Raise QuotaExceeded for a person who has scheduled enough, and Conflict for an id that was sent already. The person's
    row is locked: two requests at once count each other."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if ScheduledMessage.objects.filter(user=user).count() >= MAX_SCHEDULED:
        raise QuotaExceeded(f"You have {MAX_SCHEDULED} scheduled messages, which is the most. Cancel one.")
    if Message.objects.filter(sender=user, client_id=client_id).exists():
        raise Conflict.about("client_id", "A message with this id was sent already.")


@transaction.atomic
def change(user: User, pk: int, **values: Any) -> ScheduledMessage:
    """Change `body`, `files`, `send_at`, or several; one that failed waits again. Files that it has no more are given up.
    Raises what `add` does, and Conflict while it is being sent."""
    row = mine(user, pk)
    row.body = values.get("body", row.body)
    if "files" in values:
        taken = uploads_of(user, row.room, values["files"])
        uploads.hold(taken, row.pk)
        row.files = noted(taken)
    check_body(row.body, may_be_empty=bool(row.files))
    row.time_zone = values.get("time_zone", row.time_zone)
    if values.get("send_at") not in (None, row.send_at):
        row.send_at = checked_time("send_at", values["send_at"], row.time_zone)
    elif row.state == State.FAILED:
        raise Invalid.about("send_at", "Say when to send it.")
    access.posting_membership(user, row.room.slug)
    row.state, row.error_code, row.error_detail, row.claimed_until = State.WAITING, "", "", None
    row.save()
    announce(row)
    return row


@transaction.atomic
def cancel(user: User, pk: int) -> None:
    """Delete a scheduled message, and give up its files. Raises NotFound, and Conflict while it is being sent."""
    row = mine(user, pk)
    payload = scheduled_payload(row, "cancelled")
    uploads.give_up(uploads.held([row.pk]))
    row.delete()
    telling.after_commit(user.pk, EVENT, payload)


def mine(user: User, pk: int) -> ScheduledMessage:
    """Return a row of the person's, locked until the transaction ends. Raises NotFound, and Conflict if it is being sent, or
    was sent by a process that ended before it could say so."""
    found(user, pk)
    rows = scheduled_of(user).select_for_update(of=("self",), no_key=True).unclaimed()
    row = rows.filter(pk=pk).first()
    if row is None or (row.tries and was_sent(row)):
        raise Conflict("This message is being sent.")
    return row


def was_sent(row: ScheduledMessage) -> bool:
    return Message.objects.filter(sender=row.user_id, client_id=row.client_id).exists()


def announce(row: ScheduledMessage) -> None:
    """Tell the sender's connections how a row is now, and have it sent in time, after the commit."""
    telling.after_commit(row.user_id, EVENT, scheduled_payload(row))
    transaction.on_commit(lambda: queue.note(row.send_at), robust=True)


def send_now(user: User, pk: int) -> Message:
    """Send a scheduled message before its time. Raises what sending raises, and the row stays as it was then."""
    found(user, pk)
    row = claimed(scheduled_of(user), pk)
    if row is None:
        raise Conflict("This message is being sent.")
    try:
        message = sent(row)
    except ChatError:
        ScheduledMessage.objects.filter(pk=pk).update(claimed_until=None)
        raise
    done(row, message)
    return message


def send_due(pk: int) -> None:
    """Send a message whose time has come, unless another process does. One that is refused stays, with the reason."""
    row = claimed(ScheduledMessage.objects.waiting().filter(send_at__lte=Now()), pk)
    if row is None:
        return
    try:
        message = sent(row)
    except PASSING:
        return
    except ChatError as error:
        fail(row, error)
    else:
        done(row, message)


def claimed(rows: ScheduledMessageQuerySet, pk: int) -> ScheduledMessage | None:
    """Claim a row of these for this process; return it, or None where another has it, or it isn't among them any more."""
    mine = rows.filter(pk=pk).unclaimed()
    if not mine.update(claimed_until=Now() + CLAIMED_FOR, tries=F("tries") + 1):
        return None
    return ScheduledMessage.objects.select_related("user", "room").filter(pk=pk).first()


def sent(row: ScheduledMessage) -> Message:
    """Send a row's message with the rights that its sender has now; a repeat returns the first. Raises what sending does,
    and Invalid that names a file which is gone."""
    ids = ids_of(row)
    try:
        return messages.send(row.user, row.room.slug, row.body, row.client_id, row.reply_to_id, ids)[0]
    except Invalid as error:
        if ids and "files" in (error.fields or {}):
            raise Invalid.about("files", gone(row)) from error
        raise


def gone(row: ScheduledMessage) -> str:
    """Return which of a row's files are there no more."""
    there = {str(pk) for pk in uploads.held([row.pk]).values_list("pk", flat=True)}
    names = [each["name"] for each in row.files if each["id"] not in there]
    listed = ", ".join(names) if names else "A file of it"
    return f"{listed[:400]}: no longer there. Change the message, or cancel it."


@transaction.atomic
def done(row: ScheduledMessage, message: Message) -> None:
    """Delete a row that was sent, and tell the sender's connections."""
    ScheduledMessage.objects.filter(pk=row.pk).delete()
    telling.after_commit(row.user_id, EVENT, scheduled_payload(row, "sent", message.pk))


@transaction.atomic
def fail(row: ScheduledMessage, error: ChatError) -> None:
    """Keep a row that was refused, with the reason, and tell the sender's connections."""
    row.state, row.error_code, row.error_detail = State.FAILED, error.code, error.detail[:500]
    row.claimed_until = None
    row.save(update_fields=["state", "error_code", "error_detail", "claimed_until"])
    telling.after_commit(row.user_id, EVENT, scheduled_payload(row))


queue = DueQueue(lambda: ScheduledMessage.objects.waiting().unclaimed(), "send_at", send_due)
