"""Events for all connections of one person."""

from functools import partial
from typing import Any

from django.db import transaction

from accounts.presence import presence
from chatsite.realtime.delivery import delivery


def after_commit(user_id: int, event: str, data: dict[str, Any]) -> None:
    """Send an event to the person's connections in all processes, after the commit."""
    transaction.on_commit(partial(send, user_id, event, data), robust=True)


def send(user_id: int, event: str, data: dict[str, Any]) -> None:
    """Send an event to the person's connections in all processes."""
    delivery.to_user(user_id, event, data)
    if presence.is_elsewhere(user_id):
        delivery.to_user_elsewhere(user_id, event, data)
