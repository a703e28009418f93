"""What became of a message on its way to a person: when a channel handed it over, and what was answered.

Kept a bounded time by each channel (`mailing.answers`, `push.delivery.handovers`); what is older is no longer known.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from accounts.models import User
from chatsite.contract.times import iso
from messaging.models import Message


class Outcome(StrEnum):
    """What became of it."""

    # Taken by the inbox, by the mail server, or by the push service of a device.
    DELIVERED = "delivered"
    # It waits to be handed over, or to be tried again.
    WAITING = "waiting"
    # It was read, or gone, before it was handed over.
    WITHDRAWN = "withdrawn"
    # The push service knows the device no more.
    GONE = "gone"
    # Not taken, and not tried again.
    REFUSED = "refused"
    # Nothing is stored of it, or no longer.
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Handover:
    """What one channel, or one device, did with a message. `status` is the number that the mail server or the push service
    answered."""

    outcome: Outcome
    words: str
    at: datetime | None = None
    status: int | None = None
    # Of a device.
    device: int | None = None
    name: str = ""

    def payload(self) -> dict[str, Any]:
        """Return it as clients see it."""
        return {
            "outcome": self.outcome,
            "words": self.words,
            "at": iso(self.at) if self.at else None,
            "status": self.status,
        }

    def device_payload(self) -> dict[str, Any]:
        """The same of a device."""
        return {"id": self.device, "name": self.name, **self.payload()}


# Return what the person's own devices were handed of a message, in a bounded number of queries.
of_devices: list[Callable[[User, Message], list[Handover]]] = []
