"""Socket event `active`, and the jobs of each process that send and sweep."""

from typing import Any

from accounts.presence import activity
from chatsite.realtime.delivery.connection import Connection
from chatsite.realtime.socketio.routing import event, every
from push import services
from push.delivery import handovers
from push.delivery.queue import STEP_SECONDS, sender
from push.serializers import ActiveSerializer

Data = dict[str, Any]

SWEEP_SECONDS = 3600.0
FORGET_SECONDS = 60.0


def active(connection: Connection, data: Data) -> None:
    """Note that somebody uses the connection's page, or left it."""
    activity.report(connection, data["active"])


def disconnected(connection: Connection) -> None:
    activity.forget(connection)


events = [event("active", active, ActiveSerializer)]
jobs = [
    every(STEP_SECONDS, sender.step),
    every(SWEEP_SECONDS, services.sweep),
    every(SWEEP_SECONDS, handovers.sweep),
    every(FORGET_SECONDS, activity.sweep),
]
