"""Services of reminders: add, change, tick off, delete, and tell their person when one is due.

All raise the contract's errors (`chatsite.contract.errors`).
"""

import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from chatsite.contract.errors import ChatError, Conflict, Invalid, NotFound, QuotaExceeded
from chatsite.contract.zones import checked_zone
from drafts import telling
from drafts.due import DueQueue
from drafts.models import MAX_TEXT_LENGTH, Reminder
from drafts.reminders.payloads import reminder_payload
from drafts.zones import checked_time
from messaging import services as messages
from notifications import inbox

# Reminders of one person that aren't done, and those that are.
MAX_REMINDERS, MAX_DONE = 200, 100
EVENT = "reminder"
State = Reminder.State
# Called with each reminder that is due, once and within the transaction that says so.
due_hooks: list[Callable[[Reminder], None]] = []


def reminders_of(user: User) -> QuerySet[Reminder]:
    """Return the person's reminders."""
    return Reminder.objects.filter(user=user)


def found(user: User, pk: int) -> Reminder:
    """Return a reminder of the person's. Raises NotFound."""
    reminder = reminders_of(user).filter(pk=pk).first()
    if reminder is None:
        raise NotFound("There is no such reminder.")
    return reminder


def add(
    user: User,
    remind_at: datetime,
    client_id: uuid.UUID,
    text: str = "",
    message: int | None = None,
    time_zone: str = "UTC",
) -> tuple[Reminder, bool]:
    """Store a reminder; return it and whether it is new: a repeat of a `client_id` returns the first. Raises Invalid,
    Conflict, NotFound and QuotaExceeded."""
    about = None if message is None else messages.visible_message(user, message)
    text = checked_text(text, may_be_empty=about is not None)
    if known := reminders_of(user).filter(client_id=client_id).first():
        return repeated(known, text, message), False
    at = checked_time("remind_at", remind_at, time_zone)
    reminder = Reminder(
        user=user, message=about, text=text, client_id=client_id, remind_at=at, time_zone=time_zone
    )
    try:
        with transaction.atomic():
            check_number(user)
            reminder.save(force_insert=True)
            announce(user, reminder)
    except IntegrityError:
        return repeated(reminders_of(user).get(client_id=client_id), text, message), False
    return reminder, True


def checked_text(text: str, *, may_be_empty: bool) -> str:
    """Return a reminder's text without spaces around it. Raises Invalid."""
    text = text.strip()
    if not text and not may_be_empty:
        raise Invalid.about("text", "Say what to remind you of.")
    if len(text) > MAX_TEXT_LENGTH:
        raise Invalid.about("text", f"Use at most {MAX_TEXT_LENGTH} characters.")
    return text


def repeated(reminder: Reminder, text: str, message: int | None) -> Reminder:
    """Return a reminder that a request repeats. Raises Conflict if the request is about something else."""
    if (reminder.text, reminder.message_id) != (text, message):
        raise Conflict.about("client_id", "Another reminder has this id.")
    return reminder


def check_number(user: User) -> None:
    """Raise QuotaExceeded for a person who has enough. Their row is locked: two requests at once count each other."""
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if reminders_of(user).exclude(state=State.DONE).count() >= MAX_REMINDERS:
        raise QuotaExceeded(f"You have {MAX_REMINDERS} reminders, which is the most. Tick one off.")


@transaction.atomic
def change(user: User, pk: int, **values: Any) -> Reminder:
    """Change `text`, `remind_at` (it waits again), or `done`. Raises Invalid, NotFound and QuotaExceeded."""
    reminder = locked(user, pk)
    if "text" in values:
        reminder.text = checked_text(values["text"], may_be_empty=reminder.message_id is not None)
    if "time_zone" in values:
        checked_zone("time_zone", values["time_zone"])
        reminder.time_zone = values["time_zone"]
    if values.get("remind_at") not in (None, reminder.remind_at):
        reminder.remind_at = checked_time("remind_at", values["remind_at"], reminder.time_zone)
        wait(user, reminder)
    if "done" in values:
        tick(user, reminder, values["done"])
    reminder.save()
    announce(user, reminder)
    return reminder


def locked(user: User, pk: int) -> Reminder:
    """Return a reminder of the person's, locked until the transaction ends. Raises NotFound."""
    reminder = reminders_of(user).select_for_update(no_key=True).filter(pk=pk).first()
    if reminder is None:
        raise NotFound("There is no such reminder.")
    return reminder


def wait(user: User, reminder: Reminder) -> None:
    """Have a reminder wait for its time, again if it was due or done."""
    if reminder.state == State.DONE:
        check_number(user)
    reminder.state, reminder.due_at = State.WAITING, None


def tick(user: User, reminder: Reminder, done: bool) -> None:
    """Tick a reminder off, or take that back: it is due again, or waits. Of those done the newest are kept."""
    if done == (reminder.state == State.DONE):
        return
    if done:
        reminder.state = State.DONE
        over = reminders_of(user).filter(state=State.DONE).order_by("-pk").values_list("pk", flat=True)
        reminders_of(user).filter(pk__in=list(over[MAX_DONE - 1 :])).delete()
        return
    check_number(user)
    past = reminder.remind_at <= timezone.now()
    reminder.state = State.DUE if past else State.WAITING
    reminder.due_at = (reminder.due_at or timezone.now()) if past else None


@transaction.atomic
def delete(user: User, pk: int) -> None:
    """Delete a reminder. Raises NotFound."""
    reminder = locked(user, pk)
    payload = {**reminder_payload(user, reminder), "state": "deleted"}
    reminder.delete()
    telling.after_commit(user.pk, EVENT, payload)


def announce(user: User, reminder: Reminder) -> None:
    """Tell the person's connections how a reminder is now, and have it rung in time, after the commit."""
    telling.after_commit(user.pk, EVENT, reminder_payload(user, reminder))
    if reminder.state == State.WAITING:
        transaction.on_commit(lambda: queue.note(reminder.remind_at), robust=True)


@transaction.atomic
def ring(pk: int) -> None:
    """Note that a reminder is due, and tell its person; once, whichever process is first."""
    now = timezone.now()
    mine = Reminder.objects.filter(pk=pk, state=State.WAITING, remind_at__lte=now)
    if not mine.update(state=State.DUE, due_at=now):
        return
    reminder = Reminder.objects.select_related("user").get(pk=pk)
    for hook in due_hooks:
        hook(reminder)
    telling.after_commit(reminder.user_id, EVENT, reminder_payload(reminder.user, reminder))


def put_into_inbox(reminder: Reminder) -> None:
    """Put a reminder that is due into its person's inbox. Of a message that they can't read any more only the text goes."""
    message = None
    if reminder.message_id is not None:
        with suppress(ChatError):
            message = messages.visible_message(reminder.user, reminder.message_id)
    inbox.add_reminder(reminder.user_id, message, reminder.text)


queue = DueQueue(lambda: Reminder.objects.filter(state=State.WAITING), "remind_at", ring)
