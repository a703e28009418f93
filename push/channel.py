"""The channel by which notifications are pushed: what it knows of people for the decision, and what it does with that.

`notifications.channels` has the places for both. Values of the decision are words (`notifications.deciding`).
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Protocol

from django.urls import reverse

from accounts.presence import activity
from messaging.models import Message
from push import services
from push.models import Kind, PushSubscription
from push.services import Notice

PUSH, ACTIVE = "push", "active"
# Why somebody is told, and what kind of push that is; a reaction is none.
KINDS = {
    "mention": Kind.MENTION,
    "room_call": Kind.MENTION,
    "here_call": Kind.MENTION,
    "direct": Kind.DIRECT,
    "keyword": Kind.KEYWORD,
    "thread": Kind.THREAD,
    "level_all": Kind.ROOM,
}


class Verdict(Protocol):
    """Whether somebody is told by a channel, and the rule that decided."""

    @property
    def told(self) -> bool: ...
    @property
    def rule(self) -> str: ...


class Decision(Protocol):
    """The verdict for each channel, and the reason to tell somebody at all."""

    @property
    def verdicts(self) -> Mapping[Any, Verdict]: ...
    @property
    def reason(self) -> str | None: ...


class Told(Protocol):
    """A person, and what was decided about them."""

    @property
    def user_id(self) -> int: ...
    @property
    def decision(self) -> Decision: ...


def known_of(user_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """Return what is known of those of these people who have a device. One query."""
    having = PushSubscription.objects.filter(user__in=list(user_ids)).values_list("user_id", flat=True)
    return {
        user_id: {"has_device": True, "active": activity.active_for(user_id) > 0} for user_id in set(having)
    }


def tell(message: Message, told: Iterable[Told]) -> None:
    """Push a message to those of the people for whom that was decided. Who is active is told too, and held back: they may
    leave their desk without having read it."""
    by_kind: dict[Kind, list[int]] = {}
    for each in told:
        verdict = each.decision.verdicts[PUSH]
        kind = KINDS.get(each.decision.reason or "")
        if kind is not None and (verdict.told or verdict.rule == ACTIVE):
            by_kind.setdefault(kind, []).append(each.user_id)
    for kind, user_ids in by_kind.items():
        url = reverse("permalink", args=[message.room.slug, message.pk])
        notice = Notice(kind, message.seq, url, message.created_at, room=message.room, message=message)
        services.notify_all(user_ids, notice)
