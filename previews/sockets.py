"""Socket event `remove-preview`, and the jobs of each process that fetch and sweep."""

from typing import Any

from chatsite.realtime.delivery.connection import Connection
from chatsite.realtime.socketio.routing import event, every
from messaging.payloads import message_payload
from previews import services
from previews.queue import STEP_SECONDS, SWEEP_SECONDS, fetcher
from previews.serializers import RemovePreviewSerializer

Data = dict[str, Any]


def remove(connection: Connection, data: Data) -> Data:
    """Remove a preview from a message."""
    return {"message": message_payload(services.remove(connection.user, data["id"], data["preview"]))}


events = [event("remove-preview", remove, RemovePreviewSerializer)]
jobs = [every(STEP_SECONDS, fetcher.step), every(SWEEP_SECONDS, services.sweep)]
