"""What people do with messages. Each function authorises, writes in one transaction, and publishes after the commit.

All raise the contract's errors (`chatsite.contract.errors`).
"""

import uuid
from functools import partial

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from chatsite.contract.errors import Conflict, Forbidden, NotFound
from chatsite.realtime.limits import event_costs
from messaging.models import Message
from messaging.payloads import message_payload
from messaging.references import References
from messaging.rendering import render
from messaging.search.folded import folded
from messaging.sending import mentions
from messaging.sending.drafts import Draft, check_body
from messaging.sending.send_queue import batches
from rooms import access
from rooms.log import log
from rooms.models import Event, Mention
from rooms.unread import unread_notify


def send(
    user: User, room: str, body: str, client_id: uuid.UUID, reply_to: int | None = None
) -> tuple[Message, bool]:
    """The stored message, and whether it is new: a repeat of the same `client_id` gives the first one back.

    `conflict` where that `client_id` went with another body or room before.
    """
    return batches.wait(Draft(user, room, body, client_id, reply_to))


def visible_message(user: User, pk: int) -> Message:
    message = Message.objects.whole().visible_to(user).filter(pk=pk).first()
    if message is None:
        raise NotFound("There is no such message.")
    return message


def locked(message: Message) -> Message:
    """The row as it is now, and no other's to change until the transaction ends: between the look at a message and its
    change, somebody else may have deleted it."""
    return Message.objects.whole().select_for_update(of=("self",), no_key=True).get(pk=message.pk)


def edit(user: User, pk: int, body: str) -> Message:
    """Its sender's new text, while they may still write in the room. Rendered before others have to wait for it."""
    message = visible_message(user, pk)
    if message.sender_id != user.pk:
        raise Forbidden("Only its sender may edit a message.")
    access.posting_membership(user, message.room.slug)
    check_body(body)
    if body == message.body and not message.gone:
        return message
    references = References([body])
    html = render(body, references.people_in(body), references.rooms_in(body, message.room))
    return replace_text(user, message, body, html, references)


@transaction.atomic
def replace_text(user: User, message: Message, body: str, html: str, references: References) -> Message:
    """`html` is the rendered `body`, and `references` whom it names."""
    message = locked(message)
    access.posting_membership(user, message.room.slug)
    if message.gone:
        raise Conflict("This message was deleted.")
    if body == message.body:
        return message
    message.body, message.html, message.folded, message.edited_at = body, html, folded(body), timezone.now()
    message.save(update_fields=["body", "html", "folded", "edited_at"])
    mentions_of(message).delete()
    mentions.store([message], references)
    record(message, "message-edited", user)
    return message


@transaction.atomic
def delete(user: User, pk: int) -> Message:
    """Take the text away for good and leave a tombstone: its sender, or who moderates the room. Again is no error."""
    message = locked(visible_message(user, pk))
    here = access.membership_for(user, message.room.slug)
    if message.sender_id != user.pk and not here.moderates:
        raise Forbidden("Only its sender and the room's moderators may delete a message.")
    if message.deleted_at:
        return message
    if message.room.archived:
        access.check_posting(here)
    message.body, message.html, message.folded, message.deleted_at = "", "", None, timezone.now()
    message.save(update_fields=["body", "html", "folded", "deleted_at"])
    retract(message, user)
    return message


@transaction.atomic
def hide(message: Message, moderator: User) -> bool:
    """Make a message a tombstone for everyone and keep its text, for the administration; whether it stood before."""
    message = locked(message)
    if message.gone:
        return False
    message.hidden_at, message.hidden_by = timezone.now(), moderator
    message.save(update_fields=["hidden_at", "hidden_by"])
    retract(message, moderator)
    return True


@transaction.atomic
def restore(message: Message, moderator: User) -> bool:
    """Undo `hide`; whether it was hidden. What its sender deleted stays deleted."""
    message = locked(message)
    if message.hidden_at is None:
        return False
    message.hidden_at = message.hidden_by = None
    message.save(update_fields=["hidden_at", "hidden_by"])
    if message.deleted_at is None:
        row_of(message).update(retracted=False)
        mentions.store([message], References([message.body]))
        record(message, "message-edited", moderator)
    return True


def retract(message: Message, user: User) -> None:
    row_of(message).update(retracted=True)
    mentions_of(message).delete()
    record(message, "message-deleted", user)


def row_of(message: Message) -> QuerySet[Event]:
    return Event.objects.filter(room_id=message.room_id, seq=message.seq)


def mentions_of(message: Message) -> QuerySet[Mention]:
    return Mention.objects.filter(room_id=message.room_id, seq=message.seq)


def record(message: Message, event: str, user: User) -> None:
    """The change as a new line of the log, whose data is the message with that line's seq."""
    seq = log.next_seq(message.room)
    log.write(message.room, seq, event, user, subject_id=message.pk)
    log.publish(message.room, event, {**message_payload(message), "seq": seq})
    transaction.on_commit(partial(unread_notify.touch, message.room.slug), robust=True)
    event_costs.charge_for_room(user.pk, message.room.slug)
