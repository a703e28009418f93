"""Who is mentioned, stored beside the message: unread counts ask for it."""

from collections.abc import Sequence

from messaging.models import Message
from messaging.names import Named
from rooms.models import Membership, Mention


def note(messages: Sequence[Message], named: Named) -> None:
    """Only members are told, and nobody by themselves."""
    if not named.anybody:
        return
    wanted = [
        (message, user_id)
        for message in messages
        for user_id in named.ids_in(message.body) - {message.sender_id}
    ]
    people, rooms = {user_id for _, user_id in wanted}, {message.room_id for message, _ in wanted}
    found = Membership.objects.filter(user__in=people, room__in=rooms)
    members = set(found.values_list("user_id", "room_id"))
    Mention.objects.bulk_create(
        Mention(room=message.room, seq=message.seq, user_id=user_id)
        for message, user_id in wanted
        if (user_id, message.room_id) in members
    )
