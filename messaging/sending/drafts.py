"""Drafts: messages that somebody wants to send."""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from accounts.models import User
from chatsite.contract.errors import Invalid, RateLimited, TooLarge
from chatsite.database.instances import loaded
from chatsite.realtime.delivery.connection import Connection
from messaging.models import Message
from messaging.rendering import weight
from rooms.models import Room

MAX_BODY_LENGTH = 10_000
# Characters of a text that is cheap to render whatever it contains.
SHORT_BODY_LENGTH = 200
# Weight of a file, which is two statements more.
FILE_WEIGHT = 200
# Weight of a mention beside its rendering, for its look-up and events; a character of plain text takes 0.6 µs.
NAME_WEIGHT = 40
# Weight of a forwarded message, whichever: the longest of Cyrillic takes 2.6 ms to copy, fold and store, a line 0.6.
FORWARD_WEIGHT = 1500
Stored = tuple[Message, bool]
Key = tuple[int, uuid.UUID]
# A person or connection to be authorised, and the room.
Asked = tuple[User | Connection, str]


@dataclass(slots=True, eq=False)
class Draft:
    """A message to be sent. A socket's draft has its `connection`, which the batch authorises, and no `user`."""

    user: User | None
    room: str
    body: str
    client_id: uuid.UUID
    reply_to: int | None = None
    connection: Connection | None = None
    # Uploads of the sender that the message takes, in order.
    files: Sequence[uuid.UUID] = ()
    # The id of a message that this one passes on (`messaging.sending.forwarding`).
    forward: int | None = None
    # Whether the files that it passes on are counted, or why not: it may be checked several times.
    counted: bool | RateLimited = field(init=False, default=False)
    user_id: int = field(init=False)
    # By which a repeat is recognised.
    key: Key = field(init=False)
    fingerprint: str = field(init=False)
    # Cost of storing it, in characters of plain text.
    weight: int = field(init=False)

    def __post_init__(self) -> None:
        self.user_id = self.user.pk if self.user else self.connection.identity.user_id  # type: ignore[union-attr]
        self.key = self.user_id, self.client_id
        self.weight = weight_of(self.body)
        content = self.body
        if self.files or self.forward is not None:
            # No text has a null character: no message of a text alone has the same.
            beside = [*self.files, *([] if self.forward is None else [self.forward])]
            content = "\0".join((content, *map(str, beside)))
            self.weight += FILE_WEIGHT * len(self.files) + FORWARD_WEIGHT * (self.forward is not None)
        self.fingerprint = hashlib.sha256(content.encode()).hexdigest()

    @property
    def asked(self) -> Asked:
        """The person or connection to be authorised, and the room."""
        return self.connection or self.user, self.room  # type: ignore[return-value]


@dataclass(slots=True)
class Place:
    """The sender as authorised to write: the person, and the room if they are a member."""

    user: User
    room: Room | None
    membership_id: int
    archived: bool
    muted: bool
    blocked: bool


def sender_of(pk: int, username: str, display_name: str, avatar: str) -> User:
    """Return a sender with the fields that payloads need; others are fetched on access."""
    return loaded(User, id=pk, username=username, display_name=display_name, avatar=avatar)


def room_of(pk: int, slug: str | None, name: str | None) -> Room:
    """Return a room with the fields that payloads and log need."""
    return loaded(Room, id=pk, slug=slug, name=name)


def stored_message(
    draft: Draft,
    *,
    pk: int,
    seq: int,
    at: datetime,
    room: Room,
    sender: User,
    html: str,
    folded: str | None,
    reply_to: Message | None = None,
    forwarded: dict[str, Any] | None = None,
) -> Message:
    """Return the draft's message as it was just stored."""
    message = loaded(
        Message,
        id=pk,
        room_id=room.id,
        seq=seq,
        sender_id=draft.user_id,
        client_id=draft.client_id,
        fingerprint=draft.fingerprint,
        body=draft.body,
        html=html,
        reply_to_id=draft.reply_to,
        created_at=at,
        edited_at=None,
        deleted_at=None,
        hidden_at=None,
        hidden_by_id=None,
        folded=folded,
        reactions=None,
        files=None,
        previews=None,
        forwarded=forwarded,
    )
    message.just_stored = True
    message._state.fields_cache = {"room": room, "sender": sender, "reply_to": reply_to}
    return message


def weight_of(body: str) -> int:
    """Return the cost of rendering (`rendering.weight`), with the look-up of each name."""
    if len(body) <= SHORT_BODY_LENGTH:
        return len(body)
    return weight(body) + NAME_WEIGHT * (body.count("@") + body.count("#"))


def check_body(body: str, *, may_be_empty: bool = False) -> None:
    """Raise TooLarge or Invalid for a text that can't be sent. It may be empty where the message has something else."""
    if len(body) > MAX_BODY_LENGTH:
        raise TooLarge.about("body", f"Use at most {MAX_BODY_LENGTH} characters.")
    if not may_be_empty and not body.strip():
        raise Invalid.about("body", "Write something.")
