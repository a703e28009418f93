"""Services of messages. Each authorises, writes in one transaction, and publishes after the commit.

All raise the contract's errors (`chatsite.contract.errors`).
"""

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from chatsite.contract.errors import Conflict, Forbidden, NotFound
from chatsite.realtime.delivery.connection import Connection
from chatsite.realtime.limits import event_costs
from chatsite.realtime.queues.group_commit import Outcome
from files import services as files_services
from messaging import edit_history, hooks
from messaging.models import PARTS, Message, Reaction
from messaging.payloads import message_payload
from messaging.references import References
from messaging.rendering import render
from messaging.search.folded import folded
from messaging.sending.batch import batches
from messaging.sending.drafts import Draft, Stored, check_body
from rooms import access
from rooms.log import log
from rooms.models import Event, Mention
from rooms.unread import unread_notify


def send(
    user: User,
    room: str,
    body: str,
    client_id: uuid.UUID,
    reply_to: int | None = None,
    files: Sequence[uuid.UUID] = (),
    forward: int | None = None,
) -> tuple[Message, bool]:
    """Store a message with the next batch; return it and whether it is new: a repeat of a `client_id` returns the
    first message. `files` are uploads of the sender's, for this room, which it takes; `forward` is the id of a message that
    it passes on.

    Raises Conflict if that `client_id` was used for another text, room or files.
    """
    return batches.wait(Draft(user, room, body, client_id, reply_to, files=files, forward=forward))


def submit(
    connection: Connection,
    done: Callable[[Outcome[Stored]], None],
    *,
    room: str,
    body: str,
    client_id: uuid.UUID,
    reply_to: int | None = None,
    files: Sequence[uuid.UUID] = (),
    forward: int | None = None,
) -> None:
    """Do `send` for a connection, which the batch authorises; call `done` with the outcome after the commit. Returns at
    once: what arrives meanwhile goes into the next batch."""
    batches.submit(Draft(None, room, body, client_id, reply_to, connection, files, forward), done)


def visible_message(user: User, pk: int) -> Message:
    """Return the message if the user may see it. Raises NotFound."""
    message = Message.objects.whole().visible_to(user).filter(pk=pk).first()
    if message is None:
        raise NotFound("There is no such message.")
    return message


@contextmanager
def reading_texts(user: User, pk: int) -> Iterator[Message]:
    """Authorise a read of a message's texts for the block, and again at its end: it takes turns, and the message may be
    deleted or hidden meanwhile. Raises NotFound and Banned."""
    message = visible_message(user, pk)
    with access.reading(user, message.room.slug):
        yield message
    if not message.gone and visible_message(user, pk).gone:
        raise NotFound("This message was deleted.")


def locked(message: Message) -> Message:
    """Return the message's current row, locked until the transaction ends: it may have been deleted since it was
    read."""
    return Message.objects.whole().select_for_update(of=("self",), no_key=True).get(pk=message.pk)


def edit(user: User, pk: int, body: str) -> Message:
    """Replace the text, by its sender while they may write in the room. Rendered before the row is locked. Raises
    NotFound, Forbidden and Conflict."""
    message = visible_message(user, pk)
    if message.sender_id != user.pk:
        raise Forbidden("Only its sender may edit a message.")
    access.posting_membership(user, message.room.slug)
    check_body(body, may_be_empty=bool(message.files or message.forwarded))
    if body == message.body and not message.gone:
        return message
    references = References([body])
    key = body, message.room_id, user.pk
    calls = references.allowed([key]).get(key, frozenset())
    html = render(body, references.people_in(body), references.rooms_in(body, message.room), calls)
    return replace_text(user, message, body, html, references)


@transaction.atomic
def replace_text(user: User, message: Message, body: str, html: str, references: References) -> Message:
    """Store the new text, and the old one as an earlier text. `html` is the rendered `body`, `references` the people
    whom it names."""
    message = locked(message)
    access.posting_membership(user, message.room.slug)
    if message.gone:
        raise Conflict("This message was deleted.")
    if body == message.body:
        return message
    edit_history.keep(message)
    message.body, message.html, message.edited_at = body, html, timezone.now()
    message.folded = folded(body, message.forwarded)
    for hook in hooks.on_edit:
        hook(message)
    message.save(update_fields=["body", "html", "folded", "edited_at", "previews"])
    mentions_of(message).delete()
    references.store_mentions([message])
    record(message, "message-edited", user)
    return message


@transaction.atomic
def delete(user: User, pk: int) -> Message:
    """Delete the text with its earlier ones, its files and its reactions, and leave a tombstone, by the sender or a
    moderator of the room. Repeating it is no error. Raises NotFound and Forbidden."""
    message = locked(visible_message(user, pk))
    here = access.membership_for(user, message.room.slug)
    if message.sender_id != user.pk and not here.moderates:
        raise Forbidden("Only its sender and the room's moderators may delete a message.")
    if message.deleted_at:
        return message
    if message.room.archived:
        access.check_posting(here)
    if message.edited_at:
        edit_history.forget(message)
    message.body, message.html, message.folded, message.deleted_at = "", "", None, timezone.now()
    if message.files:
        files_services.release([message.pk])
    for part in PARTS:
        setattr(message, part, None)
    message.save(update_fields=["body", "html", "folded", "deleted_at", *PARTS])
    Reaction.objects.filter(message=message).delete()
    for hook in hooks.on_delete:
        hook(message)
    retract(message, user)
    return message


@transaction.atomic
def hide(message: Message, moderator: User) -> bool:
    """Show a tombstone and keep the texts, for the administration; return whether the message was standing."""
    message = locked(message)
    if message.gone:
        return False
    message.hidden_at, message.hidden_by = timezone.now(), moderator
    message.save(update_fields=["hidden_at", "hidden_by"])
    retract(message, moderator)
    return True


@transaction.atomic
def restore(message: Message, moderator: User) -> bool:
    """Undo `hide`; return whether the message was hidden. A deleted message stays deleted."""
    message = locked(message)
    if message.hidden_at is None:
        return False
    message.hidden_at = message.hidden_by = None
    message.save(update_fields=["hidden_at", "hidden_by"])
    if message.deleted_at is None:
        row_of(message).update(retracted=False)
        References([message.body]).store_mentions([message])
        record(message, "message-edited", moderator)
    return True


def retract(message: Message, user: User) -> None:
    """Take the message out of unread counts and mentions, and log its deletion."""
    row_of(message).update(retracted=True)
    mentions_of(message).delete()
    record(message, "message-deleted", user)


def row_of(message: Message) -> QuerySet[Event]:
    """Return the message's line in the log."""
    return Event.objects.filter(room_id=message.room_id, seq=message.seq)


def mentions_of(message: Message) -> QuerySet[Mention]:
    """Return the message's mentions."""
    return Mention.objects.filter(room_id=message.room_id, seq=message.seq)


def record(message: Message, event: str, user: User) -> None:
    """Log a change as a new line whose data is the message with that line's seq, publish it, and have unread counts told
    anew."""
    record_unseen(message, event, user)
    transaction.on_commit(partial(unread_notify.touch, message.room.slug), robust=True)


def record_unseen(message: Message, event: str, user: User | None) -> None:
    """Do `record` for a change that no unread count depends on. `user` is None for what the site does by itself."""
    seq = log.next_seq(message.room)
    log.write(message.room, seq, event, user, subject_id=message.pk)
    log.publish(message.room, event, {**message_payload(message), "seq": seq})
    if user is not None:
        event_costs.charge_for_room(user.pk, message.room.slug)
