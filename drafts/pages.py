"""What pages of rooms, and their sidebar, show of drafts."""

from contextlib import suppress

from accounts.models import User
from chatsite.contract.errors import ChatError
from drafts import services
from drafts.payloads import Payload
from rooms.models import Room
from rooms.unread import marks

# A draft has another version with each change.
DRAFTS_MARK = marks.subquery("drafts_saveddraft d WHERE d.user_id = me.id", "count(*)", "sum(d.version)")


def draft_of(user: User, room: Room) -> Payload:
    """Return the draft with which a room's page opens. One query."""
    return services.current(user, room)


def rooms_with_drafts(user: User) -> set[str]:
    """Return the slugs of rooms that the sidebar marks. One query."""
    return services.rooms_with_drafts(user)


def forget(user: User, slug: str, version: int) -> None:
    """Delete the draft with which a form was filled that is sent now; what another device wrote meanwhile stays."""
    with suppress(ChatError):
        services.clear(user, slug, version)
