"""A connection's channel that keeps what it is sent."""

import json

from chatsite.realtime.protocol.frames import payload_of


class Pen:
    def __init__(self):
        self.frames = []

    def push(self, frame, droppable=False):
        self.frames.append(frame)

    def piggyback(self, frame):
        self.frames.append(frame)

    def close(self, *, reason):
        self.frames.append(None)

    @property
    def events(self):
        """Each as its name and data."""
        return [tuple(json.loads(payload_of(frame)[2:])) for frame in self.frames]
