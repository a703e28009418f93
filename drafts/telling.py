"""Events for all connections of one person."""

from functools import partial
from typing import Any

from django.db import transaction

from accounts.presence import person_events


def after_commit(user_id: int, event: str, data: dict[str, Any]) -> None:
    """Send an event to the person's connections in all processes, after the commit."""
    transaction.on_commit(partial(person_events.to_user_everywhere, user_id, event, data), robust=True)
