"""A connection's channel that keeps what it is sent, in tests without a server."""

import json

from chatsite.contract.events import EVENTS, Reach
from chatsite.realtime.protocol.frames import payload_of


class RecordingChannel:
    """`frames` are the bytes as they were pushed, with None for the close; `closed` is its reason; `droppable` says of each
    pushed frame whether it may be left out for a slow reader."""

    def __init__(self):
        self.frames, self.droppable, self.closed = [], [], None

    def push(self, frame, droppable=False):
        self.frames.append(frame)
        self.droppable.append(droppable)

    def piggyback(self, frame):
        self.frames.append(frame)

    def close(self, reason):
        self.closed = reason
        self.frames.append(None)

    @property
    def events(self):
        """Each as its name and data. What has a `room` and a `seq` counts in that room's log, for every client."""
        events = [tuple(json.loads(text[2:])) for text in self.payloads]
        for name, data in events:
            assert EVENTS.get(name) is Reach.LOG or not {"room", "seq"} <= data.keys(), (
                f"{name} would count in a log"
            )
        return events

    @property
    def payloads(self):
        return [str(payload_of(frame), "utf-8") for frame in self.frames if frame is not None]

    @property
    def text(self):
        """The payloads, a line each."""
        return "\n".join(self.payloads)
