"""Group commit of new messages: drafts are authorised together, stored together and then published.

Drafts that arrive while a batch is committed form the next one. A busy site pays one commit and two statements for a
batch; a calm one stores each message at once.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from functools import partial
from operator import attrgetter
from typing import Any, ClassVar, Literal, cast
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from accounts import quotas
from accounts.authentication import credentials
from accounts.models import User
from accounts.sql import identity_of
from chatsite.contract.errors import (
    Archived,
    ChatError,
    Conflict,
    Forbidden,
    Invalid,
    Muted,
    RateLimited,
    Unavailable,
)
from chatsite.database import sql
from chatsite.realtime.delivery import delivery, peers, revocation
from chatsite.realtime.delivery.connection import Connection
from chatsite.realtime.limits import event_costs
from chatsite.realtime.queues.group_commit import GroupCommit, Outcome
from files import services as files
from files.models import File
from files.payloads import file_payload
from messaging.models import Message
from messaging.payloads import Payload, encoded
from messaging.references import References
from messaging.rendering import render
from messaging.search.folded import folded
from messaging.search.indexes import pending
from messaging.sending import forwarding
from messaging.sending.drafts import (
    Asked,
    Draft,
    Key,
    Place,
    Stored,
    check_body,
    room_of,
    sender_of,
    stored_message,
)
from messaging.sending.forwarding import Forward
from messaging.sending.plain_batch import PlainBatch
from messaging.sending.sql import AuthorisationRow, Row, fetch_authorisation, write
from rooms import access
from rooms.log import log
from rooms.models import Room
from rooms.presence import typing
from rooms.unread import unread_notify


class Batch:
    """Drafts with all that storing them depends on. The constructor reads it in one query and renders the texts;
    `outcomes` writes in one statement or transaction."""

    def __init__(self, drafts: Sequence[Draft]) -> None:
        self.revocations = revocation.revocations()
        self.drafts = drafts
        self.references = References([draft.body for draft in drafts])
        self.users: dict[int, User] = {}
        self.rooms: dict[int, Room] = {}
        self.known_messages: dict[Key, Message] = {}
        self.authorisations = self._authorise_all()
        self.quoted = self._fetch_quoted()
        self.loose = self._fetch_files()
        self.forwarded = self._fetch_forwarded()
        # Uploads that the new messages take.
        self.taken: set[UUID] = set()
        # People who pass on files, and the bytes of those.
        self.passers: set[int] = set()
        self.passed_bytes: Counter[int] = Counter()
        self.errors: dict[Draft, Exception] = {}
        self.new: dict[Key, tuple[Draft, Place]] = {}
        for draft in drafts:
            self._classify(draft)
        self.calls = self.references.allowed(self._call_key(*each) for each in self.new.values())
        self.rows = [self._build_row(draft, place) for draft, place in self.new.values()]

    # Keys stored by the last batch: the next one may have been read before that was committed.
    last: ClassVar[set[Key]] = set()

    @property
    def is_stale(self) -> bool:
        """Whether any right was revoked, or one of these drafts stored, since the batch was read. What is forwarded may
        have been deleted, which nothing tells."""
        revoked = self.revocations != revocation.revocations()
        return revoked or not Batch.last.isdisjoint(self.new) or bool(self.forwarded)

    @property
    def in_one_statement(self) -> bool:
        """Whether PostgreSQL stores the batch in one statement: BEGIN and COMMIT are saved."""
        return sql.postgresql() and not (self.references.anybody or self.loose or self.forwarded)

    @property
    def slugs(self) -> set[str]:
        """Rooms into which the batch writes."""
        return {draft.room for draft, _ in self.new.values()}

    def _authorise_all(self) -> dict[Asked, Place | ChatError]:
        """Return where each asker may write, or why not. One who isn't there has no account any more."""
        askers = list(dict.fromkeys(draft.asked for draft in self.drafts))
        keys = dict.fromkeys(draft.key for draft in self.drafts)
        found = fetch_authorisation([authorisation_query(*row) for row in askers], keys)
        if found and found[0].known:
            self.known_messages = known_messages(keys)
        return {askers[row.n]: self._authorise(askers[row.n][0], row) for row in found}

    def _authorise(self, who: User | Connection, row: AuthorisationRow) -> Place | ChatError:
        """Return where one asker may write, or why not, by its row."""
        user = self.users.get(row.user_id) or self.users.setdefault(
            row.user_id, sender_of(row.user_id, row.username, row.display_name, row.avatar)
        )
        code = credentials.end_code(row.evidence, who if isinstance(who, Connection) else None)
        if code:
            return credentials.SessionEnded(code)
        if row.membership_id is None or row.room_id is None:
            return Place(user, None, 0, archived=False, muted=False, blocked=False)
        room = self.rooms.get(row.room_id)
        if room is None:
            room = self.rooms[row.room_id] = room_of(row.room_id, row.slug, row.name)
        return Place(user, room, row.membership_id, bool(row.archived), bool(row.muted), bool(row.blocked))

    def _fetch_quoted(self) -> dict[int, Message]:
        """Return the messages that drafts answer, by id."""
        ids = {draft.reply_to for draft in self.drafts if draft.reply_to is not None}
        return Message.objects.select_related("sender").in_bulk(ids) if ids else {}

    def _fetch_files(self) -> dict[UUID, File]:
        """Return the uploads that drafts take, by id."""
        ids = {pk for draft in self.drafts for pk in draft.files}
        return files.loose({draft.user_id for draft in self.drafts if draft.files}, ids) if ids else {}

    def _fetch_forwarded(self) -> dict[tuple[int, int], Forward]:
        """Return what drafts pass on, by the sender's id and the message's."""
        asked: dict[int, set[int]] = {}
        for draft in self.drafts:
            if draft.forward is not None:
                asked.setdefault(draft.user_id, set()).add(draft.forward)
        return forwarding.fetch(self.users, asked) if asked else {}

    def _classify(self, draft: Draft) -> None:
        """Put a draft among the errors or the new messages, unless it is a repeat."""
        try:
            place = self.place_of(draft)
            if draft.key not in self.known_messages and draft.key not in self.new:
                self.check(draft, place)
                self.new[draft.key] = draft, place
        except ChatError as error:
            self.errors[draft] = error

    def place_of(self, draft: Draft) -> Place:
        """Return where the draft's sender writes. Raises what keeps it from being stored: first about the person,
        then room, then text."""
        place = self.authorisations.get(draft.asked)
        if place is None:
            raise credentials.SessionEnded("deactivated")
        if isinstance(place, ChatError):
            raise place
        if place.room is None:
            self._authorise_slowly(draft, place)
        check_body(draft.body, may_be_empty=bool(draft.files) or draft.forward is not None)
        return place

    def _authorise_slowly(self, draft: Draft, place: Place) -> None:
        """Authorise somebody who is no member by separate queries, for the error: NotFound, Banned or Forbidden."""
        try:
            membership = access.membership_for(place.user, draft.room)
        except ChatError as error:
            self.authorisations[draft.asked] = error
            raise
        place.room, place.membership_id = membership.room, membership.pk
        place.archived, place.muted = membership.room.archived, membership.muted
        place.blocked = membership.blocked and not membership.user.is_staff

    def check(self, draft: Draft, place: Place) -> None:
        """Raise what the room's rules have against a new message."""
        if place.archived:
            raise Archived()
        if place.muted:
            raise Muted()
        if place.blocked:
            raise Forbidden(access.BLOCKED_MESSAGE)
        if draft.reply_to is not None:
            quoted = self.quoted.get(draft.reply_to)
            if quoted is None or place.room is None or quoted.room_id != place.room.pk:
                raise Invalid.about("reply_to", "There is no such message in this room.")
        if draft.files and place.room is not None:
            self.check_files(draft, place.room)
        if draft.forward is not None:
            self.check_forward(draft)

    def check_files(self, draft: Draft, room: Room) -> None:
        """Raise Invalid for files that the draft can't take. One that a draft before it takes would end the whole batch."""
        files.checked(self.loose, draft.files, draft.user_id, room.pk)
        if not self.taken.isdisjoint(draft.files):
            raise Invalid.about("files", files.MISSING)
        self.taken.update(draft.files)

    def check_forward(self, draft: Draft) -> None:
        """Raise Invalid for a message that can't be forwarded."""
        if draft.reply_to is not None or draft.files:
            raise Invalid.about("forward", "What is forwarded is no answer, and has no files beside its own.")
        forward = self.forward_of(draft)
        if forward is None:
            raise Invalid.about("forward", "There is no such message.")
        if forward.files:
            self.check_passed(draft, forward)

    def check_passed(self, draft: Draft, forward: Forward) -> None:
        """Raise QuotaExceeded or RateLimited for files that are too many for whoever passes them on."""
        user, more = self.users[draft.user_id], self.passed_bytes[draft.user_id] + forward.bytes
        self.passers.add(user.pk)
        files.check_total(user, more)
        if not draft.counted:
            draft.counted = counted(user, len(forward.files))
        if draft.counted is not True:
            raise draft.counted
        self.passed_bytes[draft.user_id] = more

    def forward_of(self, draft: Draft) -> Forward | None:
        """Return what the draft passes on."""
        return None if draft.forward is None else self.forwarded.get((draft.user_id, draft.forward))

    def copy_for(self, draft: Draft) -> Payload | None:
        """Return the copy that the draft's message shows."""
        forward = self.forward_of(draft)
        return forward and forward.copy

    def outcomes(self) -> list[Outcome[Stored]]:
        """Store the new messages; return for each draft its message and whether it is new, or its error."""
        stored = self.write() if self.rows else {}
        return [self.outcome(draft, stored) for draft in self.drafts]

    def write(self) -> dict[Draft, Message]:
        """Store the rows with their lines in the rooms' logs, in the order given; return messages by draft."""
        now = timezone.now()
        # A quoted message may have been deleted since it was read.
        self.quoted = self._fetch_quoted()
        messages: dict[Draft, Message] = {}
        for (draft, place), row, at in zip(self.new.values(), self.rows, write(self.rows, now), strict=True):
            if at is not None:
                messages[draft] = self.message(draft, place, row, *at, now)
        self._attach(messages)
        if self.forwarded:
            passed = {message: self.forward_of(draft) for draft, message in messages.items()}
            forwarding.store({message: each for message, each in passed.items() if each is not None})
        Batch.last = set(self.new)
        self.references.store_mentions(list(messages.values()))
        return messages

    def _attach(self, messages: dict[Draft, Message]) -> None:
        """Give the new messages their files, by two statements for each message that has any."""
        for draft, message in messages.items():
            if draft.files:
                taken = files.checked(self.loose, draft.files, draft.user_id, message.room_id)
                files.attach(taken, message.pk)
                message.files = [file_payload(file) for file in taken]
                Message.objects.filter(pk=message.pk).update(files=message.files)

    @staticmethod
    def _call_key(draft: Draft, place: Place) -> tuple[str, int, int]:
        """Return what `References.allowed` is asked by."""
        return draft.body, cast(Room, place.room).pk, draft.user_id

    def _build_row(self, draft: Draft, place: Place) -> Row:
        """Return the row to be stored."""
        body, room = draft.body, cast(Room, place.room)
        return Row(
            membership_id=place.membership_id,
            room_id=room.pk,
            sender_id=draft.user_id,
            client_id=draft.client_id.hex,
            fingerprint=draft.fingerprint,
            body=body,
            html=render(
                body,
                self.references.people_in(body),
                self.references.rooms_in(body, room),
                self.calls.get(self._call_key(draft, place), frozenset()),
            ),
            reply_to_id=draft.reply_to,
            folded=folded(body, self.copy_for(draft)),
        )

    def message(self, draft: Draft, place: Place, row: Row, pk: int, seq: int, at: datetime) -> Message:
        """Return the stored message with its room, sender and quoted message."""
        reply_to = self.quoted[draft.reply_to] if draft.reply_to is not None else None
        return stored_message(
            draft,
            pk=pk,
            seq=seq,
            at=at,
            room=cast(Room, place.room),
            sender=place.user,
            html=row["html"],
            folded=row["folded"],
            reply_to=reply_to,
            forwarded=self.copy_for(draft),
        )

    def outcome(self, draft: Draft, stored: dict[Draft, Message]) -> Outcome[Stored]:
        """Return one draft's outcome: its message, an earlier one of the same key, or an error."""
        if draft in self.errors:
            return self.errors[draft]
        if draft in stored:
            return stored[draft], True
        first = self.known_messages.get(draft.key) or next(
            (m for d, m in stored.items() if d.key == draft.key), None
        )
        if first is None:
            return refusal(draft)
        if first.room.slug != draft.room or first.fingerprint != draft.fingerprint:
            sentence = "This client_id belongs to another message."
            return Conflict(sentence, fields={"client_id": [sentence]})
        return first, False


def counted(user: User, passed: int) -> Literal[True] | RateLimited:
    """Count so many files that are passed on towards the person's hour; return why not if they are too many."""
    try:
        files.count(user, passed)
    except RateLimited as error:
        return error
    return True


def refusal(draft: Draft) -> Exception:
    """Return why a draft that was authorised wasn't stored, by reading once more."""
    return Batch([draft]).errors.get(draft) or Unavailable()


def authorisation_query(who: User | Connection, room: str) -> dict[str, Any]:
    """Return the parameters of `fetch_authorisation` for somebody in a room."""
    if isinstance(who, User):
        return {"user_id": who.pk, "room": room}
    return {**identity_of(who.identity), "room": room}


def known_messages(keys: Sequence[Key] | dict[Key, None]) -> dict[Key, Message]:
    """Return messages that were stored before under these keys."""
    senders, client_ids = {user_id for user_id, _ in keys}, {client_id for _, client_id in keys}
    found = Message.objects.whole().filter(sender__in=senders, client_id__in=client_ids)
    messages = {(message.sender_id, message.client_id): message for message in found}
    return {key: messages[key] for key in keys if key in messages}


def store_all(drafts: Sequence[Draft]) -> list[Outcome[Stored]]:
    """Store the drafts; return for each its message and whether it is new, or its error. New messages are committed
    on return."""
    try:
        return store(prepared(drafts))
    finally:
        batches.run_later()


def prepared(drafts: Sequence[Draft]) -> Batch | PlainBatch:
    """Return the drafts with all that can be read and made before they are stored."""
    return PlainBatch(drafts) if PlainBatch.takes(drafts) else Batch(drafts)


def store(batch: Batch | PlainBatch) -> list[Outcome[Stored]]:
    """Store a batch. One that was authorised is authorised again if anything was revoked meanwhile."""
    if isinstance(batch, PlainBatch):
        return store_plain(batch)
    with delivery.soon(batch.slugs), together(batch):
        if batch.passers:
            # Their totals are checked anew below, behind other processes' uploads and forwards.
            quotas.lock_owners(batch.passers)
        if batch.is_stale:
            batch = Batch(batch.drafts)
        outcomes = batch.outcomes()
        fresh = [outcome[0] for outcome in outcomes if not isinstance(outcome, Exception) and outcome[1]]
        transaction.on_commit(partial(publish, fresh), robust=True)
    return outcomes


def store_plain(batch: PlainBatch) -> list[Outcome[Stored]]:
    """Store a batch, then look at what the database refused. It is published while the next one is stored."""
    fresh: list[Message] = []
    if connection.in_atomic_block:
        # The rooms aren't held: the transaction may take its time, or be rolled back.
        transaction.on_commit(partial(publish, fresh), robust=True)
    else:
        batches.later(partial(publish_held, fresh, delivery.hold(batch.slugs)))
    messages = batch.write()
    fresh += messages.values()
    Batch.last = {draft.key for draft in messages}
    refused = [draft for draft in batch.drafts if draft not in messages]
    others = dict(zip(refused, store(Batch(refused)), strict=True)) if refused else {}
    return [(messages[draft], True) if draft in messages else others[draft] for draft in batch.drafts]


def together(batch: Batch) -> AbstractContextManager[Any]:
    """Return a transaction if one is needed."""
    return nullcontext() if batch.in_one_statement else transaction.atomic()


batches: GroupCommit[Draft, Stored] = GroupCommit(
    store,
    prepare=prepared,
    # No functions of Python: each is called several times for a message.
    weigh=attrgetter("weight"),
    owner_of=attrgetter("user_id"),
    gather=lambda drafts: peers.site.gather({draft.room for draft in drafts}) if peers.site.there else 0.0,
    # SQLite stores in this process, and other processes are told of each batch: halves would only be more of them.
    shares=lambda: sql.postgresql() and not peers.site.there,
    name="message",
    charged=True,
)
delivery.pace(lambda: batches.busy)


def publish_held(messages: Sequence[Message], release: Callable[[], None]) -> None:
    """Deliver committed messages of rooms that are held until then."""
    try:
        publish(messages)
    finally:
        release()


def publish(messages: Sequence[Message]) -> None:
    """Deliver committed messages, and count them."""
    # As in `encoded`.
    known = [message._state.fields_cache for message in messages]
    costs = {slug: event_costs.room_seconds(slug) for slug in {each["room"].slug for each in known}}
    unread_notify.touch(*costs)
    for message, each in zip(messages, known, strict=True):
        room, sender = each["room"], each["sender"]
        slug = room.slug
        typing.stop(slug, sender)
        log.deliver_about(room, "chat-message", encoded(message), message.seq, message)
        if cost := costs[slug]:
            event_costs.charge(sender.id, cost)
    if sql.postgresql():
        pending.stored(messages)
