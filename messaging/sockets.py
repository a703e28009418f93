"""Live events of messages: send, edit, delete."""

from typing import Any

from chatsite.realtime.connection import Connection
from chatsite.realtime.routing import event
from messaging import services
from messaging.payloads import message_payload
from messaging.serializers import DeleteSerializer, EditSerializer, SendSerializer

Data = dict[str, Any]


def send(connection: Connection, data: Data) -> Data:
    message, _ = services.send(connection.user, **data)
    return {"message": message_payload(message)}


def edit(connection: Connection, data: Data) -> Data:
    return {"message": message_payload(services.edit(connection.user, data["id"], data["body"]))}


def delete(connection: Connection, data: Data) -> Data:
    return {"message": message_payload(services.delete(connection.user, data["id"]))}


events = [
    event("chat-message", send, SendSerializer),
    event("edit-message", edit, EditSerializer),
    event("delete-message", delete, DeleteSerializer),
]
