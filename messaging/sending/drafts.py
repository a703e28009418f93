"""What somebody wants to send, and where."""

import hashlib
import uuid
from dataclasses import dataclass, field

from accounts.models import User
from chatsite.contract.errors import Invalid, TooLarge
from chatsite.realtime.delivery.connection import Connection
from messaging.models import Message
from messaging.rendering import weight
from rooms.models import Room

MAX_BODY_LENGTH = 10_000
# What is in a text up to this long costs little, whatever it is.
SHORT_BODY_LENGTH = 200
# What a mention costs beside its rendering, where a character of plain text takes 0.6 µs: it is looked up and told.
NAME_WEIGHT = 40
Stored = tuple[Message, bool]
Key = tuple[int, uuid.UUID]
# Whose right to be here was looked at, and for which room.
Asked = tuple[User | Connection, str]


@dataclass(slots=True, eq=False)
class Draft:
    """What somebody wants to send. A socket's names its `connection`, whose right to be here the batch asks for."""

    user: User | None
    room: str
    body: str
    client_id: uuid.UUID
    reply_to: int | None = None
    connection: Connection | None = None
    user_id: int = field(init=False)
    fingerprint: str = field(init=False)
    # So many characters of plain text cost as much.
    weight: int = field(init=False)

    def __post_init__(self) -> None:
        self.user_id = self.user.pk if self.user else self.connection.identity.user_id  # type: ignore[union-attr]
        self.fingerprint = hashlib.sha256(self.body.encode()).hexdigest()
        self.weight = weight_of(self.body)

    @property
    def key(self) -> Key:
        return self.user_id, self.client_id

    @property
    def asked(self) -> Asked:
        return self.connection or self.user, self.room  # type: ignore[return-value]


@dataclass(slots=True)
class Place:
    """Where somebody wants to write: who they are, and the room if they are in it."""

    user: User
    room: Room | None
    membership_id: int
    archived: bool
    muted: bool
    blocked: bool


def weight_of(body: str) -> int:
    """What it takes to render it (`rendering.weight`), with what each name in it takes besides."""
    if len(body) <= SHORT_BODY_LENGTH:
        return len(body)
    return weight(body) + NAME_WEIGHT * (body.count("@") + body.count("#"))


def check_body(body: str) -> None:
    if len(body) > MAX_BODY_LENGTH:
        raise TooLarge.about("body", f"Use at most {MAX_BODY_LENGTH} characters.")
    if not body.strip():
        raise Invalid.about("body", "Write something.")
