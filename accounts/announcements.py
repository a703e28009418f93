"""Tells the people somebody shares a room with that they came or went."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from accounts import presence
from accounts.models import User
from accounts.payloads import user_brief
from chatsite.realtime import delivery
from chatsite.times import iso


def arrived(user_id: int) -> None:
    now = timezone.now()
    user = see(user_id, now)
    if user is not None:
        tell(user_id, "user-connected", {"user": user_brief(user), "at": iso(now)})


def gone(user_id: int) -> None:
    now = timezone.now()
    user = see(user_id, now)
    if user is not None:
        tell(user_id, "user-disconnected", {"user": user_brief(user), "at": iso(now), "last_seen": iso(now)})


def see(user_id: int, now: datetime) -> User | None:
    User.objects.filter(pk=user_id).update(last_seen=now)
    return User.objects.filter(pk=user_id).first()


def tell(user_id: int, event: str, data: dict[str, Any]) -> None:
    for other in presence.online_among(presence.audience(user_id)):
        if other != user_id:
            delivery.to_user(other, event, data, droppable=True)
