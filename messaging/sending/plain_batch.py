"""Plain messages, as most are: on PostgreSQL a batch of them is authorised and stored by one statement.

The look that any other batch begins with is left out. What the statement doesn't store is looked at then, and its
sender gets the reason, or the first message of a repeat.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.utils import timezone

from accounts.models import User
from chatsite.contract.errors import ChatError
from chatsite.database import sql
from emoji import names as emoji
from messaging.models import Message
from messaging.rendering import render
from messaging.search.folded import folded
from messaging.sending.drafts import Draft, check_body, room_of, sender_of, stored_message
from messaging.sending.sql import PlainRow, write_plain
from rooms.models import Room

if TYPE_CHECKING:
    from chatsite.realtime.delivery.connection import Connection


class PlainBatch:
    """Plain drafts with their rendered texts. Made without a query."""

    def __init__(self, drafts: Sequence[Draft]) -> None:
        self.drafts = drafts
        if any(":" in draft.body for draft in drafts):
            emoji.ensure()
        self.rows = [row_of(draft) for draft in drafts]

    @staticmethod
    def takes(drafts: Sequence[Draft]) -> bool:
        """Return whether these can be stored by one statement, each under a key of its own."""
        return (
            sql.postgresql()
            and all(map(needs_no_look, drafts))
            and len({draft.key for draft in drafts}) == len(drafts)
        )

    @property
    def slugs(self) -> set[str]:
        """Rooms into which the batch writes."""
        return {draft.room for draft in self.drafts}

    def write(self) -> dict[Draft, Message]:
        """Store what may be stored; return messages by draft."""
        now = timezone.now()
        users: dict[int, User] = {}
        rooms: dict[int, Room] = {}
        messages = {}
        for stored in write_plain(self.rows, now):
            draft, row = self.drafts[stored.n], self.rows[stored.n]
            if (room := rooms.get(stored.room_id)) is None:
                room = rooms[stored.room_id] = room_of(stored.room_id, draft.room, stored.name)
            if (user := users.get(draft.user_id)) is None:
                user = users[draft.user_id] = sender_of(
                    draft.user_id, stored.username, stored.display_name, stored.avatar
                )
            messages[draft] = stored_message(
                draft,
                pk=stored.id,
                seq=stored.seq,
                at=now,
                room=room,
                sender=user,
                html=row["html"],
                folded=row["folded"],
            )
        return messages


def needs_no_look(draft: Draft) -> bool:
    """Return whether the draft is a text alone, that can be sent and names nobody, of somebody whose right the database can
    compare."""
    return (
        draft.reply_to is None
        and draft.forward is None
        and not draft.files
        and "@" not in draft.body
        and "#" not in draft.body
        and (draft.connection is None or is_proved(draft.connection))
        and can_be_sent(draft.body)
    )


def can_be_sent(body: str) -> bool:
    """Return whether a text alone may be a message."""
    try:
        check_body(body)
    except ChatError:
        return False
    return True


def is_proved(connection: "Connection") -> bool:
    """Return whether what authenticated the connection was found good before."""
    identity = connection.identity
    return identity.token_id is not None or (
        identity.session_key is not None and connection.credentials_hash is not None
    )


def row_of(draft: Draft) -> PlainRow:
    """Return the row to be authorised and stored, with its text rendered."""
    token_id = session_key = proof = None
    if draft.connection is not None:
        token_id, session_key = draft.connection.identity.token_id, draft.connection.identity.session_key
        if token_id is not None:
            session_key = None
        else:
            proof = draft.connection.credentials_hash[1].hex()
    return PlainRow(
        user_id=draft.user_id,
        token_id=token_id,
        session_key=session_key,
        proof=proof,
        room=draft.room,
        client_id=draft.client_id,
        fingerprint=draft.fingerprint,
        body=draft.body,
        html=render(draft.body),
        folded=folded(draft.body),
    )
