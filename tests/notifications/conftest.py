"""What the consumer of the log does, called as it is by the server: all lines of a room, in order, once more each time."""

import uuid

import pytest

from messaging import services as messages
from notifications import consumer
from rooms.log.log import LogLine
from rooms.models import Event, Room


@pytest.fixture
def consume():
    """`consume()` handles all that was written since its last call; `again` repeats what was handled before."""
    done = {}

    def consume(*, again=False):
        for room in Room.objects.only("id", "slug", "name", "kind"):
            after = 0 if again else done.get(room.pk, 0)
            rows = Event.objects.filter(room=room, seq__gt=after, event__in=consumer.EVENTS).order_by("seq")
            lines = [LogLine(*row) for row in rows.values_list(*LogLine._fields)]
            if lines:
                consumer.handle(room, lines)
                done[room.pk] = lines[-1].seq

    return consume


@pytest.fixture
def say():
    def say(user, room, body="hello"):
        return messages.send(user, getattr(room, "slug", room), body, uuid.uuid4())[0]

    return say
