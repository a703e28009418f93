"""Tells the people somebody shares a room with that they came or went."""

from typing import Any

from django.utils import timezone

from accounts import presence
from accounts.models import User
from accounts.payloads import user_brief
from chatsite.realtime import delivery
from chatsite.times import iso


def arrived(user: User) -> None:
    now = presence.seen[user.pk] = timezone.now()
    tell(user.pk, "user-connected", {"user": user_brief(user), "at": iso(now)})


def gone(user_id: int) -> None:
    user = User.objects.filter(pk=user_id).first()
    if user is None:
        return
    now = presence.seen[user_id] = timezone.now()
    tell(user_id, "user-disconnected", {"user": user_brief(user), "at": iso(now), "last_seen": iso(now)})


def tell(user_id: int, event: str, data: dict[str, Any]) -> None:
    for other in presence.online_among(presence.audience(user_id)):
        if other != user_id:
            delivery.to_user(other, event, data, droppable=True)
