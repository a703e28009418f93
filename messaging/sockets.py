"""Socket events of messages: `chat-message`, `edit-message`, `delete-message`, `react`, `unreact`."""

from functools import partial
from typing import Any

from chatsite.realtime.delivery.connection import Connection
from chatsite.realtime.queues.group_commit import Outcome
from chatsite.realtime.socketio.routing import Answer, deferred, event, every
from messaging import leftovers, services
from messaging.payloads import encoded, message_payload
from messaging.reactions import services as reactions
from messaging.sending.drafts import Stored
from messaging.serializers import DeleteSerializer, EditSerializer, ReactSerializer, SendSerializer

Data = dict[str, Any]


def send(connection: Connection, data: Data, answer: Answer) -> None:
    """Store a message with the next batch, and answer after its commit."""
    services.submit(connection, partial(sent, answer), **data)


def sent(answer: Answer, outcome: Outcome[Stored]) -> None:
    """Answer with the stored message or the error."""
    answer(outcome if isinstance(outcome, Exception) else {"message": encoded(outcome[0])})


def edit(connection: Connection, data: Data) -> Data:
    """Replace a message's text."""
    return {"message": message_payload(services.edit(connection.user, data["id"], data["body"]))}


def delete(connection: Connection, data: Data) -> Data:
    """Delete a message."""
    return {"message": message_payload(services.delete(connection.user, data["id"]))}


def react(connection: Connection, data: Data) -> Data:
    """Put an emoji under a message."""
    reaction, _ = reactions.react(connection.user, data["id"], data["emoji"])
    return {"reactions": reaction.message.reactions or []}


def unreact(connection: Connection, data: Data) -> Data:
    """Take an emoji from under a message."""
    return {"reactions": reactions.unreact(connection.user, data["id"], data["emoji"]).reactions or []}


events = [
    deferred("chat-message", send, SendSerializer, together=True),
    event("edit-message", edit, EditSerializer),
    event("delete-message", delete, DeleteSerializer),
    event("react", react, ReactSerializer),
    event("unreact", unreact, ReactSerializer),
]

jobs = [every(leftovers.SWEEP_SECONDS, leftovers.sweep)]
