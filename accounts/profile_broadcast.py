"""Broadcast of `user-updated`, a new display name, to people who share a room with its bearer."""

from collections.abc import Callable, Collection, Iterable
from typing import Any

from chatsite.realtime.delivery import delivery, peers, subscriptions
from chatsite.realtime.delivery.connection import Connection
from chatsite.realtime.scheduling.debouncer import Debouncer

# Seconds of collecting, and the least pause after a broadcast in multiples of its duration: it takes at most a tenth
# of the time.
GATHER_SECONDS, REST_FACTOR = 0.2, 9


def no_audience(user_ids: Collection[int]) -> dict[int, Any]:
    """The audience until `rooms` sets its own."""
    return {}


# The connections of this process that hear of each of these people, by user id. Set by `rooms`.
audience: Callable[[Collection[int]], dict[int, list[Connection]]] = no_audience
# Payloads of these people by id. Set by AccountsConfig, as payloads import the models, which call `announce`.
payloads: Callable[[Collection[int]], dict[int, dict[str, Any]]] = no_audience


def announce(user_id: int) -> None:
    """Report a changed name to all processes."""
    delivery.notify_processes("user-updated", [user_id])
    enqueue([user_id])


def enqueue(user_ids: Iterable[Any]) -> None:
    """Collect ids of people whose names changed, for this process's connections."""
    if subscriptions.anybody():
        renamed.note(dict.fromkeys(user_id for user_id in user_ids if isinstance(user_id, int)))


peers.register("user-updated", enqueue, list)


def broadcast(changed: Collection[int]) -> None:
    """Send `user-updated` to the audience of each changed person."""
    heard = audience(changed)
    for user_id, payload in payloads(heard).items():
        delivery.to_connections(heard[user_id], "user-updated", payload)


# Ids of people whose names changed.
renamed = Debouncer[int, None]("names", broadcast, gather=GATHER_SECONDS, rest=REST_FACTOR)
