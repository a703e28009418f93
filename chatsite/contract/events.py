"""List the events that the server sends, with their reach. docs/protocol.md has their payloads."""

from enum import Enum


class Reach(Enum):
    """The receivers of an event, and how it gets to them."""

    # Sockets that have joined the room, in all processes, in the order of `seq`; stored, so that `sync` returns it again.
    LOG = "log"
    # Sockets that have joined the room, in all processes; not stored.
    ROOM = "room"
    # All connections of a person, in all processes: the process in which it happened publishes it.
    PERSON = "person"
    # Connections of one process: each process computes it for its own clients.
    PROCESS = "process"


EVENTS = {
    "chat-message": Reach.LOG,
    "message-edited": Reach.LOG,
    "message-deleted": Reach.LOG,
    "member-joined": Reach.LOG,
    "member-left": Reach.LOG,
    "member-updated": Reach.LOG,
    "room-updated": Reach.LOG,
    "typing": Reach.ROOM,
    "room-activity": Reach.PERSON,
    "membership-updated": Reach.PERSON,
    "hello": Reach.PROCESS,
    "user-connected": Reach.PROCESS,
    "user-disconnected": Reach.PROCESS,
    "user-updated": Reach.PROCESS,
    "room-online": Reach.PROCESS,
    "room-added": Reach.PROCESS,
    "room-removed": Reach.PROCESS,
    "heads": Reach.PROCESS,
    "request-failed": Reach.PROCESS,
    "session-ended": Reach.PROCESS,
}
