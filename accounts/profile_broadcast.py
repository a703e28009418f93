"""Broadcast of `user-updated`, a new name, picture, status or availability, to people who share a room with its bearer."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, NamedTuple

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


class Views(NamedTuple):
    """A person's payload as others see it, and as they see it themselves."""

    by_others: dict[str, Any]
    by_self: dict[str, Any]


# Payloads of these people by id. Set by AccountsConfig, as payloads import the models, which call `announce`.
payloads: Callable[[Collection[int]], dict[int, Views]] = no_audience


def announce(user_id: int) -> None:
    """Report to all processes what others see of a person."""
    delivery.notify_processes("user-updated", [user_id])
    enqueue([user_id])


def announce_to_self(user_id: int) -> None:
    """Report to all processes what only the person sees."""
    delivery.notify_processes("user-changed", [user_id])
    enqueue_own([user_id])


def enqueue(user_ids: Iterable[Any]) -> None:
    """Collect ids of people who changed, for this process's connections."""
    if subscriptions.anybody():
        renamed.note(dict.fromkeys((user_id for user_id in user_ids if isinstance(user_id, int)), True))


def enqueue_own(user_ids: Iterable[Any]) -> None:
    """Collect ids of people who changed for themselves alone. What is collected for others too stays so."""
    here = [one for one in user_ids if isinstance(one, int) and subscriptions.connections(one)]
    renamed.note({user_id: renamed.waiting.get(user_id, False) for user_id in here})


peers.register("user-updated", enqueue, list)
peers.register("user-changed", enqueue_own, list)


def broadcast(changed: Mapping[int, bool]) -> None:
    """Send `user-updated` to the audience of each changed person, or to their own connections alone."""
    own: dict[int, list[Connection]] = {pk: subscriptions.connections(pk) for pk in changed}
    heard = audience([user_id for user_id, everybody in changed.items() if everybody])
    for user_id, views in payloads([pk for pk in changed if own[pk] or heard.get(pk)]).items():
        mine = set(own[user_id])
        others = [connection for connection in heard.get(user_id, []) if connection not in mine]
        delivery.to_connections(others, "user-updated", views.by_others)
        delivery.to_connections(own[user_id], "user-updated", views.by_self)


# Ids of people who changed; True if others see it.
renamed = Debouncer[int, bool]("names", broadcast, gather=GATHER_SECONDS, rest=REST_FACTOR)
