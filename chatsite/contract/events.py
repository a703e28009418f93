"""The registry of socket events: those that clients send, and those that the server sends, with their reach and data.

The relay between processes and the replay of messages by `sync` go by it. Routes, the tables of docs/protocol.md and the
names in static/js are checked against it by tests/realtime/socketio/test_event_registry.py.
"""

from enum import Enum
from typing import NamedTuple


class Reach(Enum):
    """The receivers of an event, and how it gets to them."""

    # Sockets that have joined the room, in all processes, in the order of `seq`; stored, so that `sync` returns it again.
    LOG = "log"
    # Sockets that have joined the room, in all processes; not stored.
    ROOM = "room"
    # All connections of a person, in all processes: the process in which it happened publishes it.
    PERSON = "person"
    # The same, but for connections that have joined the room which the data names.
    ELSEWHERE = "elsewhere"
    # Connections of one process: each process computes it for its own clients.
    PROCESS = "process"


class Carries(Enum):
    """The data of an event."""

    # The object of this name in docs/protocol.md. A durable event with a message replays the message as it is by then.
    MESSAGE = "message"
    ROOM = "room"
    USER = "user"
    # Fields of its own, which the log stores if the event is durable.
    FIELDS = "fields"


# Events that clients send; each has a handler in the `sockets.py` of an app.
REQUESTS = (
    *("join", "leave", "sync", "chat-message", "typing", "edit-message", "delete-message", "read"),
    *("react", "unreact", "remove-preview", "activity", "active"),
)


class Event(NamedTuple):
    """An event that the server sends."""

    name: str
    reach: Reach
    carries: Carries


REGISTRY = (
    Event("chat-message", Reach.LOG, Carries.MESSAGE),
    Event("message-edited", Reach.LOG, Carries.MESSAGE),
    Event("message-deleted", Reach.LOG, Carries.MESSAGE),
    Event("message-previewed", Reach.LOG, Carries.MESSAGE),
    Event("reaction-added", Reach.LOG, Carries.FIELDS),
    Event("reaction-removed", Reach.LOG, Carries.FIELDS),
    Event("member-joined", Reach.LOG, Carries.FIELDS),
    Event("member-left", Reach.LOG, Carries.FIELDS),
    Event("member-updated", Reach.LOG, Carries.FIELDS),
    Event("room-updated", Reach.LOG, Carries.FIELDS),
    Event("typing", Reach.ROOM, Carries.FIELDS),
    Event("room-activity", Reach.ELSEWHERE, Carries.FIELDS),
    Event("membership-updated", Reach.PERSON, Carries.FIELDS),
    Event("receipt", Reach.PERSON, Carries.FIELDS),
    Event("receipts-switched", Reach.PERSON, Carries.FIELDS),
    Event("draft-changed", Reach.PROCESS, Carries.FIELDS),
    Event("scheduled-changed", Reach.PERSON, Carries.FIELDS),
    Event("reminder", Reach.PERSON, Carries.FIELDS),
    Event("notification", Reach.PERSON, Carries.FIELDS),
    Event("notification-read", Reach.PERSON, Carries.FIELDS),
    Event("alert", Reach.PERSON, Carries.FIELDS),
    Event("hello", Reach.PROCESS, Carries.FIELDS),
    Event("user-connected", Reach.PROCESS, Carries.FIELDS),
    Event("user-disconnected", Reach.PROCESS, Carries.FIELDS),
    Event("user-updated", Reach.PROCESS, Carries.USER),
    Event("emoji-updated", Reach.PROCESS, Carries.FIELDS),
    Event("room-online", Reach.PROCESS, Carries.FIELDS),
    Event("room-added", Reach.PROCESS, Carries.ROOM),
    Event("room-removed", Reach.PROCESS, Carries.FIELDS),
    Event("heads", Reach.PROCESS, Carries.FIELDS),
    Event("request-failed", Reach.PROCESS, Carries.FIELDS),
    Event("session-ended", Reach.PROCESS, Carries.FIELDS),
)

# Reach by name.
EVENTS = {event.name: event.reach for event in REGISTRY}
