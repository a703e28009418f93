"""Build `hello`, the event that follows CONNECT, from what the handshake has read already: it needs no query."""

from typing import Any

from django.conf import settings

from accounts.payloads import user_brief
from chatsite.realtime.delivery.connection import Connection
from chatsite.realtime.protocol.packets import MAX_VALUES, PACKET_BYTES
from files.models import MAX_FILES
from files.uploading.doors import max_bytes
from messaging.sending.drafts import MAX_BODY_LENGTH
from rooms.log import log

# The version of docs/protocol.md; a change that breaks clients increments it.
PROTOCOL_VERSION = 1
SERVER = {"name": "chatsite", "version": settings.VERSION}
# Characters of a body; bytes and values of an event; events in a page of the log; events per second of a person (0: any);
# bytes of a file (0: any), their kinds, and the files of a message.
LIMITS = {
    "body": MAX_BODY_LENGTH,
    "packet": PACKET_BYTES,
    "values": MAX_VALUES,
    "events": log.PAGE_EVENTS,
    "per_second": settings.EVENTS_PER_SECOND,
    "file": max_bytes(),
    "kinds": sorted(settings.FILE_KINDS),
    "files": MAX_FILES,
}


def hello(connection: Connection) -> dict[str, Any]:
    """`{"user", "server", "protocol", "limits"}`, as docs/protocol.md describes them."""
    user = user_brief(connection.identity)
    return {"user": user, "server": SERVER, "protocol": PROTOCOL_VERSION, "limits": LIMITS}
