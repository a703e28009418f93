"""Processes that come at the same moment: one has the consumer, and no position goes astray."""

import pytest

from rooms.log.consumers import lease, positions, services
from rooms.models import Consumer, ConsumerPosition
from tests.support.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)
PROCESSES = [f"process {n}" for n in range(6)]


def test_one_of_many_takes_a_lease(private_room):
    assert at_once(*[lambda: positions.begin("watcher", off=False)] * 6) == []
    consumer, taken = Consumer.objects.get(), []

    def take(name):
        if lease.take(consumer.pk, name):
            taken.append(name)

    assert at_once(*(lambda name=name: take(name) for name in PROCESSES)) == []
    assert taken == [Consumer.objects.get().holder]
    assert ConsumerPosition.objects.get(room=private_room).seq == private_room.head


def test_a_position_is_moved_by_whoever_finds_it_where_it_was(private_room):
    """Two processes of which one thinks that it still has the lease, and an administrator who skips."""
    positions.begin("watcher", off=False)
    consumer, moved = Consumer.objects.get(), []
    lease.take(consumer.pk, "one")
    start, head = private_room.head, private_room.head + 10
    private_room.head = head
    private_room.save(update_fields=["head"])

    def move(to):
        moved.extend(positions.move(consumer.pk, "one", {private_room.pk: (start, to)}))

    moves = [lambda n=n: move(start + n) for n in range(1, 6)]
    assert at_once(*moves, lambda: services.skip(consumer)) == []
    assert len(moved) <= 1
    assert ConsumerPosition.objects.get(room=private_room).seq == head
    with pytest.raises(positions.LeaseLost):
        positions.move(consumer.pk, "two", {private_room.pk: (head, head + 1)})
