"""Events for all connections of one person, in every process."""

from typing import Any

from accounts.presence import presence
from chatsite.realtime.delivery import delivery


def to_user_everywhere(user_id: int, event: str, data: dict[str, Any], *, droppable: bool = False) -> None:
    """Send an event to the person's connections; other processes are told only where they have some."""
    delivery.to_user(user_id, event, data, droppable=droppable)
    if presence.is_elsewhere(user_id):
        delivery.to_user_elsewhere(user_id, event, data)
