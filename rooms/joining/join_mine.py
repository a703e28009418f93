"""`join` of all rooms of a person: one connection hears each of them, also those that they come into later.

Work goes in parts with others' turns in between, two queries for each ROOMS_PER_QUERY of rooms; subscribed first and read after.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from accounts.authentication import credentials
from chatsite.contract.errors import NotFound
from chatsite.database.chunks import chunked
from chatsite.realtime.delivery import subscriptions
from chatsite.realtime.delivery.connection import Connection
from chatsite.realtime.limits import limits
from chatsite.realtime.queues import read_queue
from chatsite.realtime.socketio.routing import Answer
from rooms import sql
from rooms.membership import membership_events

# Rooms in one query, some milliseconds.
ROOMS_PER_QUERY = 500

Seqs = Mapping[str, int | None]
Epochs = Mapping[str, str | None]


def submit(
    connection: Connection, answer: Answer, after: Seqs | None = None, epoch: Epochs | None = None
) -> None:
    """`after` and `epoch` are the client's places in the logs of those rooms that it knows."""
    read = partial(join_mine, connection, after or {}, epoch or {})
    read_queue.submit(connection.identity.user_id, read, answer)


def join_mine(connection: Connection, after: Seqs, epoch: Epochs) -> dict[str, Any]:
    credentials.authorise(connection)
    slugs = rooms_of(connection.identity.user_id)
    error = limits.too_many_rooms(connection, len(set(slugs) - connection.rooms))
    if error:
        raise error
    # From now on, who adds them to a room finds it so.
    connection.all_rooms = True
    heads: dict[str, tuple[str, int]] = {}
    for some in chunked(slugs, ROOMS_PER_QUERY, read_queue.give_way):
        heads |= join_some(connection, some)
    if connection.closed:
        raise NotFound("There is no such room.")
    # Who was put out of some meanwhile isn't told of those.
    joined = {slug: heads[slug] for slug in heads if slug in connection.rooms}
    return {"rooms": {slug: position(*joined[slug], after.get(slug), epoch.get(slug)) for slug in joined}}


def rooms_of(user_id: int) -> list[str]:
    slugs: list[str] = []
    last = 0
    while part := sql.slugs_of(user_id, last, ROOMS_PER_QUERY):
        last = part[-1][0]
        slugs += [slug for _, slug in part]
        read_queue.give_way()
    return slugs


def join_some(connection: Connection, slugs: Sequence[str]) -> dict[str, tuple[str, int]]:
    """Epochs and heads of those of which they are still a member."""
    fresh = [slug for slug in slugs if slug not in connection.rooms]
    for slug in fresh:
        subscriptions.subscribe(connection, slug)
    heads = sql.heads_of(connection.identity.user_id, slugs)
    for slug in fresh:
        if slug not in heads:
            subscriptions.unsubscribe(connection, slug)
    # Where something later was heard before that, what lies between may have been said before this process listened.
    passed = [slug for slug, (_, head) in heads.items() if not subscriptions.begin_log(slug, head)]
    return heads | sql.heads_of(connection.identity.user_id, passed) if passed else heads


def add_missed_rooms() -> None:
    """Rooms into which people came while nothing was heard of other processes, for connections that join all of theirs."""
    following = {one.identity.user_id: one for one in subscriptions.all_connections() if one.all_rooms}
    for user_id, connection in following.items():
        for slug in set(rooms_of(user_id)) - set(connection.rooms):
            membership_events.enqueue_added(slug, [user_id])


def position(epoch: str, head: int, after: int | None, known: str | None) -> dict[str, Any]:
    """`behind` is how many events the client lacks: what `sync` gives; 0 for who names no position."""
    reset = (known is not None and known != epoch) or (after is not None and after > head)
    behind = 0 if after is None or reset else head - after
    return {"epoch": epoch, "head": head, "reset": reset, "behind": behind}
