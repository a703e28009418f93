"""Mentions, stored beside messages for unread counts."""

from collections.abc import Sequence

from chatsite.database import sql
from messaging.models import Message
from messaging.references import References


def store(messages: Sequence[Message], references: References) -> None:
    """Store who is mentioned: members of the room, except the sender."""
    if not references.anybody:
        return
    wanted = (
        {"room_id": message.room_id, "seq": message.seq, "user_id": user_id}
        for message in messages
        for user_id in references.ids_in(message.body) - {message.sender_id}
    )
    # One statement: four hundred objects of the ORM took 20 ms, in which nobody else could write.
    sql.run(
        f"""INSERT INTO rooms_mention (room_id, seq, user_id)
            SELECT given.room_id, given.seq, given.user_id
            FROM {sql.rows_in(room_id="bigint", seq="bigint", user_id="bigint")}
            JOIN rooms_membership m ON m.room_id = given.room_id AND m.user_id = given.user_id""",
        sql.packed(wanted),
    )
