"""Broadcast of `user-updated` for people who became away by themselves, or came back.

It goes to those who are told of their presence: in large rooms to nobody, or 5,000 people who leave for lunch would cause
25,000,000 events.
"""

from collections.abc import Collection

from accounts.models import Availability, User
from accounts.payloads import self_payload, user_payload
from accounts.presence import presence, visibility
from chatsite.realtime.delivery import delivery


def broadcast(user_ids: Collection[int]) -> None:
    """Send the payloads of people who chose nothing else, to the online part of each one's audience and to themselves."""
    people = User.objects.filter(pk__in=user_ids)
    shown = [user for user in people if user.chosen_availability == Availability.AUTOMATIC]
    audience = presence.audience([user.pk for user in shown])
    connected = presence.connected_ids()
    for user in shown:
        if visibility.is_invisible(user.pk):
            continue
        others = (connected & audience.get(user.pk, set())) - {user.pk}
        delivery.to_users(others, "user-updated", user_payload(user), droppable=True)
        delivery.to_user(user.pk, "user-updated", self_payload(user), droppable=True)
