"""The registry of consumers. Apps register theirs in `AppConfig.ready`."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from chatsite.contract.events import EVENTS, Reach
from rooms.log.log import LogLine
from rooms.models import Room

# Takes lines of one room, in order, and returns whether it did anything that it shouldn't repeat needlessly.
Handle = Callable[[Room, Sequence[LogLine]], bool]


def always(*asked: Any) -> bool:
    """Return True, whatever is asked: the consumer is switched on in every site, or concerned by all that it asks for."""
    return True


class Sieve(NamedTuple):
    """What a consumer need not be given of rooms where most lines don't concern it. `rooms` returns such rooms of these ids:
    of their lines for `event` it gets those for which the SQL `condition` holds, in which `e` is the line. The database
    looks through many of them in less time than it takes to read one.

    `concerns(subject)` is the same of a line's subject that was just stored: the process that stored it need not even ask
    the database for its line. It must be true wherever `condition` is."""

    rooms: Callable[[Collection[int]], Collection[int]]
    event: str
    condition: str
    concerns: Callable[[Any], bool]


@dataclass(frozen=True)
class LogConsumer:
    """What reads the logs of all rooms for `events`, by a `name` of at most 32 characters that never changes.

    `handle(room, lines)` is called for each line at least once, outside of a transaction, and must be idempotent: after
    a failure, or when a process is killed, lines come again. Of the room it gets `id`, `slug`, `name` and `kind`. Lines
    of a room come in order, but for those that failed before. If it raises, or takes HANDLE_TIMEOUT_SECONDS, its lines
    are tried again later. Before it waits for something outside, it closes its database connection.

    With a `sieve` it is spared lines that don't concern it, and may get them all the same.

    While `enabled()` is False nothing is read; what was written meanwhile is left out. It is asked every two seconds.
    """

    name: str
    events: frozenset[str]
    handle: Handle
    enabled: Callable[[], bool] = always
    sieve: Sieve | None = None


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
