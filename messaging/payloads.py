"""Messages as clients see them: one payload for sockets, REST and pages, made of a Message or of a row.

Rows are read without models: one query for any number of messages.
"""

from collections.abc import Iterable, Set
from datetime import datetime
from itertools import accumulate, chain
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from django.db.models import QuerySet

from accounts.models import User
from accounts.payloads import user_brief
from accounts.sql import Brief
from chatsite.contract.times import iso
from messaging.models import PARTS as SHOWN
from messaging.models import Message, Reaction, ReactionSummary
from messaging.rendering.names import without_link
from messaging.rendering.own_emoji import with_present_emoji
from rooms.models import Room

Payload = dict[str, Any]

# Characters of a quote, which is one line.
QUOTE_LENGTH = 140
# Columns of a MessageRow, by what they tell of.
OWN = (
    "pk",
    "seq",
    "client_id",
    "body",
    "html",
    "created_at",
    "edited_at",
    "deleted_at",
    "hidden_at",
    *SHOWN,
)
ROOM = ("room__slug", "room__name")
SENDER = ("sender__pk", "sender__username", "sender__display_name", "sender__avatar")
QUOTE = (
    "reply_to__pk",
    "reply_to__seq",
    "reply_to__body",
    "reply_to__files",
    "reply_to__forwarded",
    "reply_to__deleted_at",
    "reply_to__hidden_at",
)
QUOTE_SENDER = tuple(f"reply_to__{column}" for column in SENDER)
COLUMNS = (OWN, ROOM, SENDER, QUOTE, QUOTE_SENDER)
ENDS = tuple(accumulate(map(len, COLUMNS)))
# The place of each of these parts in a row.
PARTS = tuple(slice(end - len(part), end) for part, end in zip(COLUMNS, ENDS, strict=True))


class MessageRoom(NamedTuple):
    """The part of a Room that its messages show."""

    slug: str
    name: str


class QuoteRow(NamedTuple):
    """The part of a Message that replies to it show."""

    pk: int
    seq: int
    body: str
    files: list[Payload] | None
    forwarded: Payload | None
    deleted_at: datetime | None
    hidden_at: datetime | None
    sender: Brief

    @property
    def gone(self) -> bool:
        """Whether everybody sees a tombstone."""
        return self.deleted_at is not None or self.hidden_at is not None


class MessageRow(NamedTuple):
    """The part of a Message that is shown, by the same names."""

    pk: int
    seq: int
    client_id: UUID
    body: str
    html: str
    created_at: datetime
    edited_at: datetime | None
    deleted_at: datetime | None
    hidden_at: datetime | None
    reactions: list[ReactionSummary] | None
    files: list[Payload] | None
    previews: list[Payload] | None
    forwarded: Payload | None
    room: MessageRoom
    sender: Brief
    reply_to: QuoteRow | None

    @property
    def parts(self) -> tuple[Any, ...]:
        """What the message shows beside its text."""
        return self.reactions, self.files, self.previews, self.forwarded

    @property
    def gone(self) -> bool:
        """Whether everybody sees a tombstone."""
        return self.deleted_at is not None or self.hidden_at is not None


def message_rows(messages: QuerySet[Message]) -> list[MessageRow]:
    """Return the rows in the queryset's order. One query, and one if any forwards something out of a room: models of 500
    messages, with their rooms and senders, took three quarters of the time of a page of the log."""
    rows = [message_row(columns) for columns in messages.values_list(*chain.from_iterable(COLUMNS))]
    closed = not_public(row.forwarded for row in rows)
    return [with_known_place(row, closed) for row in rows] if closed else rows


def message_row(columns: tuple[Any, ...]) -> MessageRow:
    """Return the row of the values of COLUMNS."""
    own, room, sender, replied, replied_sender = (columns[part] for part in PARTS)
    quoted = None if replied[0] is None else QuoteRow._make((*replied, Brief._make(replied_sender)))
    return MessageRow._make((*own, MessageRoom._make(room), Brief._make(sender), quoted))


def with_known_place(row: MessageRow, closed: Set[str]) -> MessageRow:
    """Return the row without the place of what it forwards, if that is one of these rooms."""
    copy = row.forwarded
    return row._replace(forwarded=unplaced(copy)) if copy and copy["room"] in closed else row


def not_public(copies: Iterable[Payload | None]) -> set[str]:
    """Return the slugs that copies of forwarded messages name, of rooms that aren't public any more: whoever reads a copy
    may not know such a room. One query if any copy names a room, and none otherwise."""
    named = {copy["room"] for copy in copies if copy is not None and copy["room"] is not None}
    if not named:
        return named
    return named - {
        *Room.objects.filter(slug__in=named, kind=Room.Kind.PUBLIC).values_list("slug", flat=True)
    }


def unplaced(copy: Payload) -> Payload:
    """Return the copy without where its original stands."""
    return {**copy, "id": None, "room": None, "html": without_link(copy["html"], copy["room"])}


def copy_shown(message: Message | MessageRow) -> Payload | None:
    """Return what a message forwards, as all may see it now. One query for a Message that was read and whose copy names a
    room; `message_rows` has asked for its rows."""
    if message.forwarded is None:
        return None
    copy: Payload = message.forwarded
    if isinstance(message, Message) and not message.just_stored and not_public([copy]):
        copy = unplaced(copy)
    return {**copy, "html": with_present_emoji(copy["html"])}


def message_payload(message: Message | MessageRow) -> Payload:
    """Return the contract's message, of a row or of a Message with its relations loaded (`Message.objects.whole()`)."""
    return payload_with(
        message, message.room, message.sender, message.reply_to, client_id=str(message.client_id)
    )


def payload_with(
    message: Message | MessageRow,
    room: Room | MessageRoom,
    sender: User | Brief,
    quoted: Message | QuoteRow | None,
    client_id: str | UUID,
) -> Payload:
    """Return `message_payload`, of a message with what it belongs to and its `client_id` as it is to be there."""
    gone = message.gone
    return {
        "id": message.pk,
        "room": room.slug,
        "seq": message.seq,
        "sender": user_brief(sender),
        "body": "" if gone else message.body,
        "html": "" if gone else with_present_emoji(message.html),
        "client_id": client_id,
        "created_at": iso(message.created_at),
        "edited_at": iso(message.edited_at),
        "deleted": gone,
        "reply_to": quote(quoted) if quoted and not gone else None,
        "reactions": [] if gone or message.reactions is None else message.reactions,
        "files": [] if gone or message.files is None else message.files,
        "previews": [] if gone or message.previews is None else message.previews,
        "forwarded": None if gone or message.forwarded is None else copy_shown(message),
    }


def reaction_payload(reaction: Reaction) -> Payload:
    """Return one person's reaction; `user` is loaded."""
    return {"emoji": reaction.emoji, "user": user_brief(reaction.user), "at": iso(reaction.at)}


def encoded(message: Message) -> orjson.Fragment:
    """Return `message_payload` as JSON, made once for the message's first delivery and its sender's ack."""
    if message.encoded is None:
        if message.just_stored:
            # As `stored_message` put them there: Django's own way to each is two calls. orjson writes a UUID as `str`
            # does, in a tenth of the time.
            known = message._state.fields_cache
            payload = payload_with(
                message, known["room"], known["sender"], known["reply_to"], client_id=message.client_id
            )
        else:
            payload = message_payload(message)
        message.encoded = orjson.Fragment(orjson.dumps(payload))
    return message.encoded


def quote(message: Message | QuoteRow) -> Payload:
    """Return the quoted part of a message that a reply answers."""
    return {
        "id": message.pk,
        "seq": message.seq,
        "sender": user_brief(message.sender),
        "body": "" if message.gone else gist(message),
    }


def gist(message: Message | QuoteRow) -> str:
    """Return the line that a reply quotes: of the text, else of what is passed on, else the first file's name."""
    copied = message.forwarded["body"] if message.forwarded else ""
    named = message.files[0]["name"] if message.files else ""
    return first_line(message.body) or first_line(copied) or str(named)


def first_line(body: str) -> str:
    """Return the first line with text, cut to QUOTE_LENGTH characters."""
    line = next((line for line in body.splitlines() if line.strip()), "").strip()
    return line if len(line) <= QUOTE_LENGTH else line[: QUOTE_LENGTH - 1].rstrip() + "…"
