"""`room-activity`: what a member hears of a room that none of their connections' logs is following."""

from accounts.models import User
from chatsite.realtime import delivery
from chatsite.realtime.timers import Timer
from rooms import access
from rooms.models import Membership, Room
from rooms.queries import counted_memberships

# One count for all that is said within a tenth of a second: a busy room costs the same as a calm one.
GATHER_SECONDS = 0.1

waiting: set[str] = set()


def touch(slug: str) -> None:
    """Something was said, changed or taken back in the room."""
    if slug not in waiting and delivery.all_connections():
        waiting.add(slug)
        Timer(GATHER_SECONDS, tell_all, slug)


def tell_all(slug: str) -> None:
    waiting.discard(slug)
    elsewhere = {c.identity.user_id for c in delivery.all_connections() if slug not in c.rooms}
    if elsewhere:
        tell(slug, *elsewhere)


def tell(slug: str, *user_ids: int) -> None:
    """The counts as they are now, to these people's connections that have not joined the room."""
    connected = [user_id for user_id in user_ids if delivery.connections(user_id)]
    if not connected:
        return
    members = Membership.objects.filter(room__slug=slug, user_id__in=connected).select_related("room")
    for membership in counted_memberships(members):
        data = {
            "room": slug,
            "head": membership.room.head,
            "unread": membership.unread,  # type: ignore[attr-defined]
            "mentions": membership.mentions,  # type: ignore[attr-defined]
        }
        delivery.to_user(membership.user_id, "room-activity", data, unless_joined=slug, droppable=True)


def mark_read(user: User, slug: str, seq: int) -> dict[str, int]:
    """Everything up to `seq` is read; a read position never goes back. `{"unread", "mentions"}` of the room."""
    membership = access.membership_for(user, slug)
    head = Room.objects.values_list("head", flat=True).get(pk=membership.room_id)
    mine = Membership.objects.filter(pk=membership.pk)
    moved = mine.filter(read_seq__lt=min(seq, head)).update(read_seq=min(seq, head))
    if moved:
        tell(slug, user.pk)
    counted = counted_memberships(mine).get()
    return {"unread": counted.unread, "mentions": counted.mentions}  # type: ignore[attr-defined]
