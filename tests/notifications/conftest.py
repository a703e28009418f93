"""What the consumer of the log does, called as it is by the server: what its sieve lets through of a room, in order."""

import uuid

import pytest

from messaging import services as messages
from notifications import consumer
from rooms.log.consumers import positions
from rooms.models import Room


@pytest.fixture
def consume():
    """`consume()` handles all that was written since its last call; `again` repeats what was handled before."""
    done = {}

    def consume(*, again=False):
        for room in Room.objects.only("id", "slug", "name", "kind", "head"):
            after = 0 if again else done.get(room.pk, 0)
            sieved = consumer.SIEVE.rooms([room.pk])
            found = positions.lines(
                {room.pk: (after, room.head)}, sorted(consumer.EVENTS), consumer.SIEVE, sieved
            )
            if lines := found[room.pk]:
                consumer.handle(room, lines)
            done[room.pk] = room.head

    return consume


@pytest.fixture
def say():
    def say(user, room, body="hello"):
        return messages.send(user, getattr(room, "slug", room), body, uuid.uuid4())[0]

    return say
