"""The registry of consumers. Apps register theirs in `AppConfig.ready`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chatsite.contract.events import EVENTS, Reach
from rooms.log.log import LogLine
from rooms.models import Room

# Takes lines of one room, in order, and returns whether it did anything that it shouldn't repeat needlessly.
Handle = Callable[[Room, Sequence[LogLine]], bool]


def always() -> bool:
    """Return True: the consumer is switched on in every site."""
    return True


@dataclass(frozen=True)
class LogConsumer:
    """What reads the logs of all rooms for `events`, by a `name` of at most 32 characters that never changes.

    `handle(room, lines)` is called for each line at least once, outside of a transaction, and must be idempotent: after
    a failure, or when a process is killed, lines come again. Of the room it gets `id`, `slug`, `name` and `kind`. Lines
    of a room come in order, but for those that failed before. If it raises, or takes HANDLE_TIMEOUT_SECONDS, its lines
    are tried again later. Before it waits for something outside, it closes its database connection.

    While `enabled()` is False nothing is read; what was written meanwhile is left out. It is asked every two seconds.
    """

    name: str
    events: frozenset[str]
    handle: Handle
    enabled: Callable[[], bool] = always


# Consumers by name.
consumers: dict[str, LogConsumer] = {}


def register(consumer: LogConsumer) -> None:
    """Add a consumer before the server starts. Raises ValueError for a name that is taken or too long, and for events
    that aren't in the log."""
    if consumer.name in consumers or not 0 < len(consumer.name) <= 32:
        raise ValueError(f"a consumer can't be called {consumer.name!r}")
    unknown = sorted(name for name in consumer.events if EVENTS.get(name) is not Reach.LOG)
    if unknown or not consumer.events:
        raise ValueError(f"the consumer {consumer.name!r} asks for events that aren't in the log: {unknown}")
    consumers[consumer.name] = consumer
