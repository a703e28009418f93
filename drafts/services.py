"""Services of drafts: what a person has begun to write in a room, the same on all their devices.

Each change names the version that the device has seen: a device that hasn't seen the newest changes nothing, and gets what
is stored. All raise the contract's errors (`chatsite.contract.errors`).
"""

from functools import partial
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from accounts.presence import presence
from chatsite.contract.errors import Conflict, Invalid, QuotaExceeded
from chatsite.realtime.delivery import delivery, peers, subscriptions
from drafts.models import SavedDraft
from drafts.payloads import Payload, draft_payload, no_draft
from messaging.models import Message
from messaging.sending.drafts import check_body
from rooms import access
from rooms.models import Room

# Drafts of one person.
MAX_DRAFTS = 200


class Outdated(Conflict):
    """Another device has changed the draft since; `draft` is what is stored."""

    detail = "Another device has changed this draft."

    def __init__(self, draft: Payload) -> None:
        super().__init__()
        self.draft = draft

    def payload(self) -> dict[str, Any]:
        return {**super().payload(), "draft": self.draft}


def drafts_of(user: User) -> Any:
    """Return the person's drafts with what a payload needs."""
    return SavedDraft.objects.of(user).select_related("room", "reply_to__sender")


def read(user: User, slug: str) -> Payload:
    """Return the person's draft in a room, an empty one where there is none. Raises NotFound, Banned and Forbidden."""
    return current(user, access.membership_for(user, slug).room)


def current(user: User, room: Room) -> Payload:
    """Return the draft that is stored. One query."""
    found = SavedDraft.objects.select_related("room", "reply_to__sender").filter(user=user, room=room).first()
    return draft_payload(found) if found else no_draft(room.slug)


def put(
    user: User, slug: str, body: str, version: int, reply_to: int | None = None, origin: str = ""
) -> Payload:
    """Store a draft, and tell the person's connections but `origin` (a sid); return it. One of nothing is deleted. Raises
    Outdated, QuotaExceeded, Invalid, TooLarge, NotFound, Banned and Forbidden."""
    room = access.membership_for(user, slug).room
    check_body(body, may_be_empty=True)
    if not body.strip() and reply_to is None:
        clear(user, slug, version, origin)
        return no_draft(slug)
    answered = quoted(room, reply_to)
    try:
        with transaction.atomic():
            return stored(user, room, body, version, answered, origin)
    except IntegrityError as error:
        # Two devices made it at the same moment.
        raise Outdated(current(user, room)) from error


def stored(user: User, room: Room, body: str, version: int, answered: Message | None, origin: str) -> Payload:
    """Store a draft within a transaction. What is stored already, as after a lost answer, stays as it is."""
    found = locked(user, room)
    if found and (found.body, found.reply_to_id) == (body, answered and answered.pk):
        return draft_payload(found)
    if (found.version if found else 0) != version:
        raise Outdated(draft_payload(found) if found else no_draft(room.slug))
    now = timezone.now()
    draft = found or SavedDraft(user=user, room=room, version=0)
    if found is None:
        check_number(user)
    draft.body, draft.reply_to, draft.updated_at = body, answered, now
    draft.version = max(draft.version + 1, int(now.timestamp() * 1000))
    draft.save()
    return announced(user, draft_payload(draft), origin)


def locked(user: User, room: Room) -> SavedDraft | None:
    """Return the draft's row, locked until the transaction ends."""
    rows = SavedDraft.objects.select_related("room", "reply_to__sender")
    return rows.select_for_update(of=("self",), no_key=True).filter(user=user, room=room).first()


def quoted(room: Room, pk: int | None) -> Message | None:
    """Return the message that a draft answers. Raises Invalid if there is no such message in the room."""
    if pk is None:
        return None
    found = Message.objects.select_related("sender").filter(pk=pk, room=room).first()
    if found is None:
        raise Invalid.about("reply_to", "There is no such message in this room.")
    return found


def check_number(user: User) -> None:
    """Make room for one more draft: those in rooms that the person isn't in any more go first. Raises QuotaExceeded."""
    mine = SavedDraft.objects.filter(user=user)
    if mine.count() < MAX_DRAFTS:
        return
    mine.exclude(pk__in=SavedDraft.objects.of(user).values("pk")).delete()
    if mine.count() >= MAX_DRAFTS:
        raise QuotaExceeded(f"You have {MAX_DRAFTS} drafts, which is the most. Send or delete one.")


@transaction.atomic
def clear(user: User, slug: str, version: int | None = None, origin: str = "") -> None:
    """Delete a draft; with `version`, unless another device has changed it since. Repeating it is no error. Raises Outdated,
    NotFound, Banned and Forbidden."""
    room = access.membership_for(user, slug).room
    found = locked(user, room)
    if found is None:
        return
    if version is not None and version != found.version:
        raise Outdated(draft_payload(found))
    found.delete()
    announced(user, no_draft(slug), origin)


def announced(user: User, draft: Payload, origin: str) -> Payload:
    """Tell the person's other connections of a draft after the commit; return it."""
    transaction.on_commit(partial(tell, user.pk, origin, draft), robust=True)
    return draft


def tell(user_id: int, origin: str, draft: Payload) -> None:
    """Send `draft-changed` to the person's connections in all processes, but for the one of the sid `origin`."""
    tell_here(user_id, origin, draft)
    if presence.is_elsewhere(user_id):
        delivery.notify_processes("draft-changed", user_id, origin, draft)


def tell_here(user_id: int, origin: str, draft: Payload) -> None:
    """Send `draft-changed` to the person's connections in this process."""
    others = [each for each in subscriptions.connections(user_id) if each.sid != origin]
    delivery.to_connections(others, "draft-changed", draft)


peers.register("draft-changed", tell_here, int, str, dict)


def rooms_with_drafts(user: User) -> set[str]:
    """Return the slugs of rooms where the person has a draft. One query."""
    return set(SavedDraft.objects.of(user).values_list("room__slug", flat=True))
