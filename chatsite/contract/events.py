"""The events that the server sends, by name: which processes pass on, and which are in a room's log. What each has is in
docs/protocol.md."""

from enum import Enum


class Reach(Enum):
    """Who hears an event, and by which way."""

    # Whoever has joined the room, in all processes, in the order of its `seq`; stored, so that `sync` brings it again.
    LOG = "log"
    # Whoever has joined the room now, in all processes.
    ROOM = "room"
    # All connections of a person, in all processes: the one in which it happened tells the others.
    PERSON = "person"
    # Connections of one process: each finds out for itself whom to tell what.
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
