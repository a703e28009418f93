"""What the demo's administrator has begun to write, scheduled, and wants to be reminded of."""

import uuid
from datetime import datetime, timedelta

from accounts.models import User
from drafts import services as drafts
from drafts.models import ScheduledMessage
from drafts.reminders import services as reminders
from drafts.scheduled import services as scheduled
from messaging.models import Message
from rooms.models import Membership


def plan(user: User, now: datetime) -> None:
    """Give a person a draft in a room, a message for tomorrow and one that wasn't sent, and a reminder of what was said."""
    mine = Membership.objects.filter(user=user, room__kind="public").order_by("-room__head")
    first, second = (membership.room for membership in mine.select_related("room")[:2])
    drafts.put(user, second.slug, "I could bring the big clamps on Saturday, if", 0)
    later = now + timedelta(days=1)
    scheduled.add(
        user, first.slug, "Good morning! The doors are open until ten tonight.", later, uuid.uuid4()
    )
    row = scheduled.add(user, second.slug, "Who has the key to the kiln?", later, uuid.uuid4())[0]
    ScheduledMessage.objects.filter(pk=row.pk).update(
        state=ScheduledMessage.State.FAILED,
        error_code="muted",
        error_detail="You are muted in this room.",
        send_at=now - timedelta(hours=1),
    )
    said = Message.objects.standing().filter(room=first).exclude(sender=user).order_by("-pk")[0]
    reminders.add(user, later, uuid.uuid4(), "", said.pk)
    reminders.add(user, later, uuid.uuid4(), "Order plywood")
