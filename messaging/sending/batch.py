"""Some drafts, looked at and then written together."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, cast

from django.utils import timezone

from accounts.authentication import credentials
from accounts.models import User
from accounts.sql import identity_of
from chatsite.contract.errors import Archived, ChatError, Conflict, Forbidden, Invalid, Muted, Unavailable
from chatsite.realtime.delivery import revocation
from chatsite.realtime.delivery.connection import Connection
from chatsite.realtime.queues.group_commit import Outcome
from messaging.models import Message
from messaging.references import References
from messaging.rendering import render
from messaging.search.folded import folded
from messaging.sending import mentions
from messaging.sending.drafts import Asked, Draft, Key, Place, Stored, check_body
from messaging.sending.sql import AuthorisationRow, Row, fetch_authorisation, write
from rooms import access
from rooms.models import Room


class Batch:
    """One look at the database for all drafts: who they are, where they may write, what they sent before. Then, by
    `outcomes`, row write."""

    def __init__(self, drafts: Sequence[Draft]) -> None:
        self.revocations = revocation.revocations()
        self.drafts = drafts
        self.references = References([draft.body for draft in drafts])
        self.users: dict[int, User] = {}
        self.rooms: dict[int, Room] = {}
        self.known_messages: dict[Key, Message] = {}
        self.authorisations = self._authorise_all()
        self.quoted = self._fetch_quoted()
        self.errors: dict[Draft, Exception] = {}
        self.new: dict[Key, tuple[Draft, Place]] = {}
        for draft in drafts:
            self._classify(draft)
        self.rows = [self._build_row(draft, place) for draft, place in self.new.values()]

    # What the last batch stored: the next row was looked at before that was committed.
    last: ClassVar[set[Key]] = set()

    @property
    def is_stale(self) -> bool:
        """Whether somebody was put out of a room or the site since the look, or row of these was stored."""
        return self.revocations != revocation.revocations() or not Batch.last.isdisjoint(self.new)

    @property
    def slugs(self) -> set[str]:
        """The rooms that it writes into."""
        return {draft.room for draft, _ in self.new.values()}

    def _authorise_all(self) -> dict[Asked, Place | ChatError]:
        askers = list(dict.fromkeys(draft.asked for draft in self.drafts))
        keys = dict.fromkeys(draft.key for draft in self.drafts)
        found = fetch_authorisation([authorisation_query(*row) for row in askers], keys)
        if found and found[0].known:
            self.known_messages = known_messages(keys)
        authorisations: dict[Asked, Place | ChatError] = dict.fromkeys(
            askers, credentials.SessionEnded("deactivated")
        )
        for row in found:
            authorisations[askers[row.n]] = self._authorise(askers[row.n][0], row)
        return authorisations

    def _authorise(self, who: User | Connection, row: AuthorisationRow) -> Place | ChatError:
        user = self.users.get(row.user_id) or self.users.setdefault(row.user_id, user_of(row))
        if isinstance(who, Connection):
            evidence = row.token_id if who.identity.token_id is not None else row.session
            code = credentials.end_code(who, row, evidence)
        else:
            code = credentials.account_end_code(row)
        if code:
            return credentials.SessionEnded(code)
        if row.membership_id is None or row.room_id is None:
            return Place(user, None, 0, archived=False, muted=False, blocked=False)
        room = self.rooms.get(row.room_id)
        if room is None:
            room = self.rooms[row.room_id] = room_of(row)
        return Place(user, room, row.membership_id, bool(row.archived), bool(row.muted), bool(row.blocked))

    def _fetch_quoted(self) -> dict[int, Message]:
        ids = {draft.reply_to for draft in self.drafts if draft.reply_to is not None}
        return Message.objects.select_related("sender").in_bulk(ids) if ids else {}

    def _classify(self, draft: Draft) -> None:
        """What can't be written, what was written before, and what is to be written."""
        try:
            place = self.place_of(draft)
            if draft.key not in self.known_messages and draft.key not in self.new:
                self.check(draft, place)
                self.new[draft.key] = draft, place
        except ChatError as error:
            self.errors[draft] = error

    def place_of(self, draft: Draft) -> Place:
        """Raises what keeps it from being written: the person, the room, then the text."""
        place = self.authorisations[draft.asked]
        if isinstance(place, ChatError):
            raise place
        if place.room is None:
            self._authorise_slowly(draft, place)
        check_body(draft.body)
        return place

    def _authorise_slowly(self, draft: Draft, place: Place) -> None:
        """The slow way, once for each of them, for its errors: missing, not theirs, banned, not joined."""
        try:
            membership = access.membership_for(place.user, draft.room)
        except ChatError as error:
            self.authorisations[draft.asked] = error
            raise
        place.room, place.membership_id = membership.room, membership.pk
        place.archived, place.muted = membership.room.archived, membership.muted
        place.blocked = membership.blocked and not membership.user.is_staff

    def check(self, draft: Draft, place: Place) -> None:
        """The room's rules, for what wasn't said before."""
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

    def outcomes(self) -> list[Outcome[Stored]]:
        stored = self.write() if self.rows else {}
        return [self.outcome(draft, stored) for draft in self.drafts]

    def write(self) -> dict[Draft, Message]:
        """A place in its room's log for each, in the order given, and the rows."""
        now = timezone.now()
        # A quoted message may have been deleted since the look.
        self.quoted = self._fetch_quoted()
        messages: dict[Draft, Message] = {}
        for (draft, place), row, at in zip(self.new.values(), self.rows, write(self.rows, now), strict=True):
            if at is not None:
                messages[draft] = self.message(draft, place, row, *at, now)
        Batch.last = set(self.new)
        mentions.store(list(messages.values()), self.references)
        return messages

    def _build_row(self, draft: Draft, place: Place) -> Row:
        body, room = draft.body, cast(Room, place.room)
        return Row(
            membership_id=place.membership_id,
            room_id=room.pk,
            sender_id=draft.user_id,
            client_id=draft.client_id.hex,
            fingerprint=draft.fingerprint,
            body=body,
            html=render(body, self.references.people_in(body), self.references.rooms_in(body, room)),
            reply_to_id=draft.reply_to,
            folded=folded(body),
        )

    def message(self, draft: Draft, place: Place, row: Row, pk: int, seq: int, at: datetime) -> Message:
        reply_to = self.quoted[draft.reply_to] if draft.reply_to is not None else None
        message = Message.stored(
            id=pk,
            room_id=row["room_id"],
            seq=seq,
            sender_id=draft.user_id,
            client_id=draft.client_id,
            fingerprint=draft.fingerprint,
            body=draft.body,
            html=row["html"],
            reply_to_id=draft.reply_to,
            created_at=at,
            edited_at=None,
            deleted_at=None,
            hidden_at=None,
            hidden_by_id=None,
            folded=row["folded"],
        )
        message._state.fields_cache |= {"room": place.room, "sender": place.user, "reply_to": reply_to}
        return message

    def outcome(self, draft: Draft, stored: dict[Draft, Message]) -> Outcome[Stored]:
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


def refusal(draft: Draft) -> Exception:
    """Why it wasn't stored though it could be at the look: as it is seen now."""
    return Batch([draft]).errors.get(draft) or Unavailable()


def authorisation_query(who: User | Connection, room: str) -> dict[str, Any]:
    """What `fetch_authorisation` is askers of somebody in a room."""
    if isinstance(who, User):
        return {"user_id": who.pk, "room": room}
    return {**identity_of(who.identity), "room": room}


def room_of(row: AuthorisationRow) -> Room:
    return Room.from_db("default", ("id", "slug", "name"), (row.room_id, row.slug, row.name))


def user_of(row: AuthorisationRow) -> User:
    """What a message says of its sender; the rest is read where it is askers for."""
    return User.from_db(
        "default", ("id", "username", "display_name"), (row.user_id, row.username, row.display_name)
    )


def known_messages(keys: Sequence[Key] | dict[Key, None]) -> dict[Key, Message]:
    """Messages that were sent before under these keys."""
    senders, client_ids = {user_id for user_id, _ in keys}, {client_id for _, client_id in keys}
    found = Message.objects.whole().filter(sender__in=senders, client_id__in=client_ids)
    messages = {(message.sender_id, message.client_id): message for message in found}
    return {key: messages[key] for key in keys if key in messages}
