"""What people do with messages. Each function authorises, writes in one transaction, and publishes after the commit.

All raise the contract's errors (`chatsite.errors`).
"""

import hashlib
import uuid
from functools import partial

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.models import User
from chatsite.errors import ChatError, Conflict, Forbidden, Invalid, NotFound, TooLarge
from messaging.models import Message
from messaging.payloads import message_payload
from messaging.rendering import names_in, render
from rooms import access, activity, log, typing
from rooms.models import Event, Mention, Room

LONGEST_BODY = 10_000


def send(
    user: User, room: str, body: str, client_id: uuid.UUID, reply_to: int | None = None
) -> tuple[Message, bool]:
    """The stored message, and whether it is new: a repeat of the same `client_id` gives the first one back.

    `conflict` where that `client_id` went with another body or room before.
    """
    here = access.membership_for(user, room)
    check_body(body)
    try:
        access.check_posting(here)
        return store(user, here.room, body, client_id, find_answered(here.room, reply_to)), True
    except (IntegrityError, ChatError):
        # Most sends are new, so the database's unique key is asked first and the stored message only when it objects,
        # or when the room or its rules have changed since the first send.
        known = sent_before(user, here.room, body, client_id)
        if known is None:
            raise
        return known, False


def sent_before(user: User, room: Room, body: str, client_id: uuid.UUID) -> Message | None:
    known = Message.objects.whole().filter(sender=user, client_id=client_id).first()
    if known and (known.room_id != room.pk or known.fingerprint != fingerprint(body)):
        sentence = "This client_id belongs to another message."
        raise Conflict(sentence, fields={"client_id": [sentence]})
    return known


def fingerprint(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()


def check_body(body: str) -> None:
    if len(body) > LONGEST_BODY:
        sentence = f"Use at most {LONGEST_BODY} characters."
        raise TooLarge(f"body: {sentence}", fields={"body": [sentence]})
    if not body.strip():
        raise Invalid("body: Write something.", fields={"body": ["Write something."]})


def find_answered(room: Room, pk: int | None) -> Message | None:
    if pk is None:
        return None
    answered = Message.objects.select_related("sender").filter(room=room, pk=pk).first()
    if answered is None:
        sentence = "There is no such message in this room."
        raise Invalid(f"reply_to: {sentence}", fields={"reply_to": [sentence]})
    return answered


def store(user: User, room: Room, body: str, client_id: uuid.UUID, answered: Message | None) -> Message:
    people = people_named(body)
    html = render(body, {name: person.username for name, person in people.items()}, rooms_named(body, room))
    with transaction.atomic():
        seq = log.take(room)
        message = Message.objects.create(
            room=room,
            seq=seq,
            sender=user,
            client_id=client_id,
            fingerprint=fingerprint(body),
            body=body,
            html=html,
            reply_to=answered,
        )
        log.write(room, seq, "chat-message", user, subject_id=message.pk)
        note_mentions(message, people)
        typing_ends = partial(typing.stop, room.slug, user)
        transaction.on_commit(typing_ends, robust=True)
        log.publish(room, "chat-message", message_payload(message))
        transaction.on_commit(partial(activity.touch, room.slug), robust=True)
    return message


def people_named(body: str) -> dict[str, User]:
    """Those whom the text mentions, by their usernames in small letters."""
    names = names_in(body)[0]
    if not names:
        return {}
    found = User.objects.annotate(lower=Lower("username")).filter(lower__in=names, is_active=True)
    return {person.username.lower(): person for person in found}


def rooms_named(body: str, room: Room) -> dict[str, str]:
    """Public rooms, whose existence is no secret, and this one."""
    slugs = names_in(body)[1]
    if not slugs:
        return {}
    public = Room.objects.filter(slug__in=slugs, kind=Room.Kind.PUBLIC)
    named = dict(public.values_list("slug", "name"))
    return named | ({room.slug: room.name} if room.slug in slugs else {})


def note_mentions(message: Message, people: dict[str, User]) -> None:
    """Only members are told, and nobody by themselves."""
    Mention.objects.filter(room=message.room, seq=message.seq).delete() if message.edited_at else None
    others = [person.pk for person in people.values() if person.pk != message.sender_id]
    if not others:
        return
    members = message.room.memberships.filter(user_id__in=others).values_list("user_id", flat=True)
    Mention.objects.bulk_create(Mention(room=message.room, seq=message.seq, user_id=pk) for pk in members)


def visible_message(user: User, pk: int) -> Message:
    message = Message.objects.whole().visible_to(user).filter(pk=pk).first()
    if message is None:
        raise NotFound("There is no such message.")
    return message


def edit(user: User, pk: int, body: str) -> Message:
    """Its sender's new text, while they may still write in the room."""
    message = visible_message(user, pk)
    if message.sender_id != user.pk:
        raise Forbidden("Only its sender may edit a message.")
    access.posting_membership(user, message.room.slug)
    check_body(body)
    if message.gone:
        raise Conflict("This message was deleted.")
    if body == message.body:
        return message
    people = people_named(body)
    html = render(
        body, {name: person.username for name, person in people.items()}, rooms_named(body, message.room)
    )
    with transaction.atomic():
        message.body, message.html, message.edited_at = body, html, timezone.now()
        message.save(update_fields=["body", "html", "edited_at"])
        note_mentions(message, people)
        record(message, "message-edited", user)
    return message


def delete(user: User, pk: int) -> Message:
    """Take the text away for good and leave a tombstone: its sender, or who moderates the room. Again is no error."""
    message = visible_message(user, pk)
    here = access.membership_for(user, message.room.slug)
    if message.sender_id != user.pk and not here.moderates:
        raise Forbidden("Only its sender and the room's moderators may delete a message.")
    if message.deleted_at:
        return message
    if message.room.archived:
        access.check_posting(here)
    with transaction.atomic():
        message.body, message.html, message.deleted_at = "", "", timezone.now()
        message.save(update_fields=["body", "html", "deleted_at"])
        retract(message, user)
    return message


@transaction.atomic
def hide(message: Message, moderator: User) -> None:
    """What the administration does: a tombstone for everyone, of which the text is kept."""
    if message.gone:
        return
    message.hidden_at = timezone.now()
    message.save(update_fields=["hidden_at"])
    retract(message, moderator)


@transaction.atomic
def restore(message: Message, moderator: User) -> None:
    """Undo `hide`. What its sender deleted stays deleted."""
    if message.hidden_at is None:
        return
    message.hidden_at = None
    message.save(update_fields=["hidden_at"])
    if message.deleted_at is None:
        row_of(message).update(retracted=False)
        note_mentions(message, people_named(message.body))
        record(message, "message-edited", moderator)


def retract(message: Message, user: User) -> None:
    row_of(message).update(retracted=True)
    Mention.objects.filter(room=message.room, seq=message.seq).delete()
    record(message, "message-deleted", user)


def row_of(message: Message) -> QuerySet[Event]:
    return Event.objects.filter(room_id=message.room_id, seq=message.seq)


def record(message: Message, event: str, user: User) -> None:
    """The change as a new line of the log, whose data is the message with that line's seq."""
    seq = log.take(message.room)
    log.write(message.room, seq, event, user, subject_id=message.pk)
    log.publish(message.room, event, {**message_payload(message), "seq": seq})
    transaction.on_commit(partial(activity.touch, message.room.slug), robust=True)
