"""Storing new messages, many in one transaction: group commit.

Whoever sends while a batch is being committed is in the next one, so that a busy site pays for one commit and a
handful of queries a batch, and a calm one sends at once.
"""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from django.db import transaction

from accounts import credentials
from accounts.models import User
from chatsite.errors import ChatError, Conflict, Invalid, TooLarge
from chatsite.realtime.batches import Batches, Outcome
from chatsite.realtime.connection import Connection
from messaging.models import Message
from messaging.names import Named
from messaging.payloads import message_payload
from messaging.rendering import render
from rooms import access, activity, log, typing
from rooms.models import Event, Membership, Mention, Room

LONGEST_BODY = 10_000
Stored = tuple[Message, bool]


@dataclass(slots=True, eq=False)
class Draft:
    """What somebody wants to send. A socket's names its `connection`, whose right to be here the batch asks for."""

    user: User | None
    room: str
    body: str
    client_id: uuid.UUID
    reply_to: int | None = None
    connection: Connection | None = None
    fingerprint: str = field(init=False)

    def __post_init__(self) -> None:
        self.fingerprint = hashlib.sha256(self.body.encode()).hexdigest()

    @property
    def user_id(self) -> int:
        return self.user.pk if self.user else self.connection.identity.user_id  # type: ignore[union-attr]

    @property
    def key(self) -> tuple[int, uuid.UUID]:
        return self.user_id, self.client_id


def store_all(drafts: Sequence[Draft]) -> list[Outcome[Stored]]:
    """For each draft its message and whether it is new, or its error. All that is new is committed when this returns."""
    with transaction.atomic():
        outcomes = Batch(drafts).outcomes()
        fresh = [outcome[0] for outcome in outcomes if not isinstance(outcome, Exception) and outcome[1]]
        transaction.on_commit(partial(publish, fresh), robust=True)
    return outcomes


batches: Batches[Draft, Stored] = Batches(
    store_all, weigh=lambda draft: len(draft.body), whose=lambda draft: draft.user_id
)


class Batch:
    """One look at the database for all drafts: who they are, where they may write, what they sent before."""

    def __init__(self, drafts: Sequence[Draft]) -> None:
        self.drafts = drafts
        self.people = self._people()
        self.memberships = self._memberships()
        self.known = self._known()
        self.answered = Message.objects.select_related("sender").in_bulk(
            {draft.reply_to for draft in drafts if draft.reply_to is not None}
        )
        self.senders: dict[int, User] = {}
        self.errors: dict[Draft, Exception] = {}

    def _people(self) -> dict[Draft, User | ChatError]:
        connections = {draft.connection for draft in self.drafts if draft.connection}
        standings = credentials.standings(list(connections)) if connections else {}
        return {draft: draft.user or standings[draft.connection] for draft in self.drafts}  # type: ignore[index]

    def _memberships(self) -> dict[tuple[int, str], Membership]:
        users, slugs = {draft.user_id for draft in self.drafts}, {draft.room for draft in self.drafts}
        found = Membership.objects.filter(user__in=users, room__slug__in=slugs).select_related("room")
        return {(membership.user_id, membership.room.slug): membership for membership in found}

    def _known(self) -> dict[tuple[int, uuid.UUID], Message]:
        """Messages that were sent before under these keys. Most often none, so their rooms and senders come after."""
        keys = {draft.key for draft in self.drafts}
        senders, client_ids = {user_id for user_id, _ in keys}, {client_id for _, client_id in keys}
        found = Message.objects.filter(sender__in=senders, client_id__in=client_ids)
        ids = [pk for pk, *key in found.values_list("pk", "sender_id", "client_id") if tuple(key) in keys]
        whole = Message.objects.whole().in_bulk(ids) if ids else {}
        return {(message.sender_id, message.client_id): message for message in whole.values()}

    def outcomes(self) -> list[Outcome[Stored]]:
        fresh: dict[tuple[int, uuid.UUID], Draft] = {}
        for draft in self.drafts:
            try:
                if self.is_new(draft) and draft.key not in fresh:
                    fresh[draft.key] = draft
            except ChatError as error:
                self.errors[draft] = error
        stored = self.store(list(fresh.values()))
        return [self.outcome(draft, stored) for draft in self.drafts]

    def is_new(self, draft: Draft) -> bool:
        """Raises what keeps it from being stored: the person, the room, the text, then the room's rules."""
        user = self.people[draft]
        if isinstance(user, ChatError):
            raise user
        self.senders[user.pk] = user
        membership = self.memberships.get((user.pk, draft.room))
        if membership is None:
            # The slow way, for its errors: missing, not theirs, banned, not joined.
            membership = access.membership_for(user, draft.room)
            self.memberships[user.pk, draft.room] = membership
        check_body(draft.body)
        if draft.key in self.known:
            return False
        access.check_posting(membership)
        self.check_answered(draft, membership.room)
        return True

    def check_answered(self, draft: Draft, room: Room) -> None:
        if draft.reply_to is None:
            return
        answered = self.answered.get(draft.reply_to)
        if answered is None or answered.room_id != room.pk:
            raise Invalid.about("reply_to", "There is no such message in this room.")

    def store(self, drafts: list[Draft]) -> dict[Draft, Message]:
        """A place in its room's log for each, in the order given, and the rows."""
        if not drafts:
            return {}
        rooms = [self.memberships[draft.user_id, draft.room].room for draft in drafts]
        named = Named([draft.body for draft in drafts])
        messages = [
            self.message(draft, room, seq, named)
            for draft, room, seq in zip(drafts, rooms, log.take_many(rooms), strict=True)
        ]
        Message.objects.bulk_create(messages)
        Event.objects.bulk_create(
            Event(room=m.room, seq=m.seq, event="chat-message", user=m.sender, subject_id=m.pk)
            for m in messages
        )
        note_mentions(messages, named)
        return dict(zip(drafts, messages, strict=True))

    def message(self, draft: Draft, room: Room, seq: int, named: Named) -> Message:
        return Message(
            room=room,
            seq=seq,
            sender=self.senders[draft.user_id],
            client_id=draft.client_id,
            fingerprint=draft.fingerprint,
            body=draft.body,
            html=render(draft.body, named.people_in(draft.body), named.rooms_in(draft.body, room)),
            reply_to=self.answered[draft.reply_to] if draft.reply_to else None,
        )

    def outcome(self, draft: Draft, stored: dict[Draft, Message]) -> Outcome[Stored]:
        if draft in self.errors:
            return self.errors[draft]
        if draft in stored:
            return stored[draft], True
        first = self.known.get(draft.key) or next(m for d, m in stored.items() if d.key == draft.key)
        if first.room.slug != draft.room or first.fingerprint != draft.fingerprint:
            sentence = "This client_id belongs to another message."
            return Conflict(sentence, fields={"client_id": [sentence]})
        return first, False


def check_body(body: str) -> None:
    if len(body) > LONGEST_BODY:
        raise TooLarge.about("body", f"Use at most {LONGEST_BODY} characters.")
    if not body.strip():
        raise Invalid.about("body", "Write something.")


def note_mentions(messages: Sequence[Message], named: Named) -> None:
    """Only members are told, and nobody by themselves."""
    wanted = [
        (message, user_id)
        for message in messages
        for user_id in named.ids_in(message.body) - {message.sender_id}
    ]
    if not wanted:
        return
    people, rooms = {user_id for _, user_id in wanted}, {message.room_id for message, _ in wanted}
    found = Membership.objects.filter(user__in=people, room__in=rooms)
    members = set(found.values_list("user_id", "room_id"))
    Mention.objects.bulk_create(
        Mention(room=message.room, seq=message.seq, user_id=user_id)
        for message, user_id in wanted
        if (user_id, message.room_id) in members
    )


def publish(messages: Sequence[Message]) -> None:
    for message in messages:
        slug = message.room.slug
        typing.stop(slug, message.sender)
        log.deliver(slug, "chat-message", message_payload(message))
        activity.touch(slug)
