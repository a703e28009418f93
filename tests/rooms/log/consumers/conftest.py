"""A site with one consumer, whose handler the tests watch and break."""

import uuid
from unittest.mock import patch

import pytest

from messaging import services
from rooms.log.consumers import lease, positions, registry, runner
from rooms.log.consumers.runner import Runner
from rooms.models import Consumer, ConsumerPosition


class Clock:
    """The time of this process, which passes when a test says so."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now

    def go(self, seconds):
        self.now += seconds


class Handler:
    """Remembers the lines that it was given by room and seq. Raises for those whose seq is in `poison`."""

    def __init__(self):
        self.calls, self.seen, self.poison, self.does = [], [], set(), True
        self.on = True

    def __call__(self, room, lines):
        self.calls.append((room.slug, [line.seq for line in lines]))
        if self.poison & {line.seq for line in lines}:
            raise ValueError("what was said in 'private'")
        self.seen += [(room.slug, line.seq) for line in lines]
        return self.does


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(runner, "monotonic", clock)
    return clock


@pytest.fixture
def handler():
    return Handler()


@pytest.fixture
def consumer(handler):
    consumer = registry.LogConsumer(
        "watcher", frozenset({"chat-message", "message-edited"}), handler, lambda: handler.on
    )
    with patch.dict(registry.consumers, clear=True):
        registry.register(consumer)
        yield consumer


@pytest.fixture
def row(consumer, public_room, private_room):
    """The consumer's row: what was said before isn't its affair."""
    positions.begin(consumer.name, off=False)
    return Consumer.objects.get()


@pytest.fixture
def process(consumer, row, clock):
    """`process(name)` is the consumer's runner in one of the site's processes."""
    return lambda name="one": Runner(consumer, name)


@pytest.fixture
def one(process):
    return started(process("one"))


@pytest.fixture
def say(owner):
    """The test's transaction is never committed: nobody is told of what is said but by the test."""
    return lambda room, body="hello": services.send(owner, room.slug, body, uuid.uuid4())[0].seq


def look(process):
    [standing] = lease.look()
    process.look(standing)


def news_of(*slugs):
    """News of rooms of which nobody knows whom they concern."""
    return dict.fromkeys(slugs)


def started(process):
    """A process that has looked around and polled."""
    look(process)
    process.step({})
    return process


def stored(room):
    return ConsumerPosition.objects.filter(room=room).values_list("seq", flat=True).first()


def expire():
    """Let the lease end, by the database's clock."""
    Consumer.objects.update(lease_until="2026-01-01T00:00:00Z")
