"""The channel of open pages: each is told of what its person is to be told of, and decides by itself whether that is on the
screen already."""

from collections.abc import Sequence

from accounts.payloads import user_brief
from accounts.presence import person_events, presence
from chatsite.contract.times import iso
from messaging.models import Message
from messaging.payloads import gist
from notifications.channels import Told
from notifications.deciding import Channel


def tell(message: Message, told: Sequence[Told]) -> None:
    """Send `alert` to the connections of those for whom that was decided. No query: room and sender are loaded."""
    here = presence.connected_ids()
    user_ids = [
        each.user_id for each in told if each.user_id in here and each.decision.verdicts[Channel.DESKTOP].told
    ]
    if not user_ids:
        return
    data = {
        "room": message.room.slug,
        "room_name": message.room.name,
        "message_seq": message.seq,
        "message": message.pk,
        "user": user_brief(message.sender),
        "text": gist(message),
        "at": iso(message.created_at),
    }
    for user_id in user_ids:
        person_events.to_user_everywhere(user_id, "alert", data, droppable=True)
