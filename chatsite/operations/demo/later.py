"""What the demo's administrator has begun to write, scheduled, and wants to be reminded of."""

import uuid
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from accounts.models import User
from chatsite.operations.demo import site
from drafts import services as drafts
from drafts.models import Reminder, ScheduledMessage
from drafts.reminders import services as reminders
from drafts.scheduled import services as scheduled
from messaging.models import Message
from notifications.models import Kind, Notification

FAILED = ("workshop", "Who has the key to the kiln?")


def plan(user: User, now: datetime) -> None:
    """Give a person what `site` has of drafts, messages to be sent later and reminders."""
    for slug, text in site.DRAFTS.items():
        drafts.put(user, slug, text, 0)
    for slug, text, days, hour in site.SCHEDULED:
        scheduled.add(user, slug, text, moment(now, days, hour), uuid.uuid4(), time_zone=zone())
    fail(user, now)
    said = Message.objects.standing().filter(room__slug="workshop").exclude(sender=user).order_by("-pk")[0]
    reminders.add(user, moment(now, 1, 9), uuid.uuid4(), "", said.pk, time_zone=zone())
    for text, days, hour in site.REMINDERS:
        reminders.add(user, moment(now, days, hour), uuid.uuid4(), text, time_zone=zone())
    remind(user, "Call the joiner about the bench", now - timedelta(minutes=1))
    reminder = reminders.add(user, moment(now, 1, 9), uuid.uuid4(), "Send the invoice for the blades")[0]
    Reminder.objects.filter(pk=reminder.pk).update(
        state=Reminder.State.DONE, remind_at=now - timedelta(days=1), due_at=now - timedelta(days=1)
    )


def zone() -> str:
    return site.TIME_ZONES[site.ME]


def moment(now: datetime, days: int, hour: int) -> datetime:
    """Return an hour of a day to come, by the person's clock."""
    day = now.astimezone(ZoneInfo(zone())) + timedelta(days=days)
    return day.replace(hour=hour, minute=0, second=0, microsecond=0)


def fail(user: User, now: datetime) -> None:
    """Add a message that wasn't sent."""
    slug, text = FAILED
    row = scheduled.add(user, slug, text, moment(now, 1, 9), uuid.uuid4(), time_zone=zone())[0]
    ScheduledMessage.objects.filter(pk=row.pk).update(
        state=ScheduledMessage.State.FAILED,
        error_code="muted",
        error_detail="You are muted in this room.",
        send_at=now - timedelta(hours=1),
    )


def remind(user: User, text: str, at: datetime) -> None:
    """Add a reminder that is due, of which the inbox has told."""
    reminder = reminders.add(user, at + timedelta(days=1), uuid.uuid4(), text, time_zone=zone())[0]
    Reminder.objects.filter(pk=reminder.pk).update(state=Reminder.State.DUE, remind_at=at, due_at=at)
    Notification.objects.create(user=user, kind=Kind.REMINDER, text=text, at=at)
