"""`hello`: what a client is told right after CONNECT. Made of what the handshake has read already, without a query."""

import tomllib
from pathlib import Path
from typing import Any

from django.conf import settings

from accounts.payloads import user_brief
from chatsite.realtime.delivery.connection import Connection
from chatsite.realtime.protocol.decoder import PACKET_BYTES, VALUES
from messaging.sending.drafts import MAX_BODY_LENGTH
from rooms.log import log

# The version of docs/protocol.md: goes up with a change that breaks a client.
PROTOCOL = 1
PYPROJECT = Path(__file__).parent.parent / "pyproject.toml"
SERVER = {"name": "chatsite", "version": tomllib.loads(PYPROJECT.read_text())["project"]["version"]}
# Characters of a body; bytes and values of an event; events of a page of the log; and per second, of a person (0: any).
LIMITS = {
    "body": MAX_BODY_LENGTH,
    "packet": PACKET_BYTES,
    "values": VALUES,
    "events": log.PAGE_EVENTS,
    "per_second": settings.EVENTS_PER_SECOND,
}


def hello(connection: Connection) -> dict[str, Any]:
    user = user_brief(connection.identity)
    return {"user": user, "server": SERVER, "protocol": PROTOCOL, "limits": LIMITS}
