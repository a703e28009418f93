"""The channel by which notifications are pushed: what it knows of people for the decision, and what it does with that.

`notifications.channels` has the places for both.
"""

from collections.abc import Collection, Sequence
from typing import Any

from django.urls import reverse

from accounts.presence import activity
from drafts.models import Reminder
from messaging.models import Message
from notifications.channels import Told
from notifications.deciding import Channel, Rule
from push import services
from push.models import Kind, PushSubscription
from push.services import Notice

# Why somebody is told, and what kind of push that is; a reaction is none.
KINDS = {
    Rule.MENTION: Kind.MENTION,
    Rule.ROOM_CALL: Kind.MENTION,
    Rule.HERE_CALL: Kind.MENTION,
    Rule.DIRECT: Kind.DIRECT,
    Rule.KEYWORD: Kind.KEYWORD,
    Rule.LEVEL_ALL: Kind.ROOM,
}


def known_of(user_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """Return what is known of those of these people who have a device. One query."""
    having = PushSubscription.objects.filter(user__in=list(user_ids)).values_list("user_id", flat=True)
    return {
        user_id: {"has_device": True, "active": activity.active_for(user_id) > 0} for user_id in set(having)
    }


def tell(message: Message, told: Sequence[Told]) -> None:
    """Push a message to those of the people for whom that was decided. Who is active is told too, and held back: they may
    leave their desk without having read it."""
    by_kind: dict[Kind, list[int]] = {}
    for each in told:
        verdict, reason = each.decision.verdicts[Channel.PUSH], each.decision.reason
        kind = KINDS.get(reason) if reason else None
        if kind is not None and (verdict.told or verdict.rule is Rule.ACTIVE):
            by_kind.setdefault(kind, []).append(each.user_id)
    for kind, user_ids in by_kind.items():
        url = reverse("permalink", args=[message.room.slug, message.pk])
        notice = Notice(kind, message.seq, url, message.created_at, room=message.room, message=message)
        services.notify_all(user_ids, notice)


def remind(reminder: Reminder) -> None:
    """Push a reminder that is due. Of a message it has the person's own words alone: they may not read it any more."""
    at = reminder.due_at or reminder.remind_at
    body = " ".join(reminder.text.split()) or "You wanted to come back to a message."
    url = reverse("reminders")
    services.notify(
        reminder.user_id,
        Notice(
            Kind.REMINDER,
            int(at.timestamp()),
            url,
            at,
            title="Reminder",
            body=body,
            key=str(reminder.pk),
        ),
    )
