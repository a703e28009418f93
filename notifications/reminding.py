"""Reminders in the inbox: each that is due becomes a row of its person's."""

from functools import partial

from django.db import transaction

from drafts.models import Reminder
from messaging.payloads import first_line
from notifications import inbox
from notifications.models import Kind, Notification


def remind(reminder: Reminder) -> None:
    """Put a reminder that is due into its person's inbox, in the transaction that says that it is."""
    message = reminder.message
    row = Notification.objects.create(
        user_id=reminder.user_id,
        kind=Kind.REMINDER,
        room_id=message.room_id if message else None,
        message=message,
        text=first_line(reminder.text),
    )
    inbox.trim({reminder.user_id})
    transaction.on_commit(partial(tell, row.pk), robust=True)


def tell(pk: int) -> None:
    """Send `notification` to the person's connections, if they may see it still."""
    row = Notification.objects.select_related("room", "message", "user").filter(pk=pk).first()
    shown = row and Notification.objects.of(row.user).filter(pk=pk).first()
    if row is not None and shown is not None:
        row.place = shown.place  # type: ignore[attr-defined]
        unread = inbox.unread_counts([row.user_id])[row.user_id]
        inbox.send(row.user_id, "notification", {**inbox.payload(row), "unread": unread})
