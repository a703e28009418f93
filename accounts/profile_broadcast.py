"""`user-updated`: a new display name, told to those who share a room with its bearer."""

from collections.abc import Callable, Collection, Iterable
from typing import Any

from chatsite.realtime.delivery import delivery, peers, subscriptions
from chatsite.realtime.delivery.connection import Connection
from chatsite.realtime.scheduling.debouncer import Debouncer

# Seconds; and times that the last telling took: it takes no more than a tenth of the time.
GATHER_SECONDS, REST_FACTOR = 0.2, 9


def no_audience(user_ids: Collection[int]) -> dict[int, Any]:
    return {}


# The connections to this process that hear of each of these people. Set by rooms.
audience: Callable[[Collection[int]], dict[int, list[Connection]]] = no_audience
# The payloads of these people, by id. Set by accounts' AppConfig, as payloads are made of models, which announce names.
payloads: Callable[[Collection[int]], dict[int, dict[str, Any]]] = no_audience


def announce(user_id: int) -> None:
    """Somebody's name has changed. Each process tells its own connections."""
    delivery.tell_others("user-updated", [user_id])
    enqueue([user_id])


def enqueue(user_ids: Iterable[Any]) -> None:
    if subscriptions.anybody():
        renamed.note(dict.fromkeys(user_id for user_id in user_ids if isinstance(user_id, int)))


peers.hear("user-updated", enqueue, list)


def broadcast(changed: Collection[int]) -> None:
    heard = audience(changed)
    for user_id, payload in payloads(heard).items():
        delivery.to_connections(heard[user_id], "user-updated", payload)


# Ids of those whose names have changed.
renamed = Debouncer[int, None]("names", broadcast, gather=GATHER_SECONDS, rest=REST_FACTOR)
