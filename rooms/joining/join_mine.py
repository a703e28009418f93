"""Join of all rooms of a person: the connection is subscribed to each of them, also to those that they come into
later.

Rooms are joined in parts of ROOMS_PER_QUERY, with others' requests in between: two queries a part, subscribed first
and read after.
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

ROOMS_PER_QUERY = 500

Seqs = Mapping[str, int | None]
Epochs = Mapping[str, str | None]


def submit(
    connection: Connection, answer: Answer, after: Seqs | None = None, epoch: Epochs | None = None
) -> None:
    """Join all rooms by the read queue. `after` and `epoch` are the client's positions in the logs it knows, by slug."""
    read = partial(join_mine, connection, after or {}, epoch or {})
    read_queue.submit(connection.identity.user_id, read, answer)


def join_mine(connection: Connection, after: Seqs, epoch: Epochs) -> dict[str, Any]:
    """Subscribe the connection and return `{rooms: {slug: position}}`. Raises SessionEnded, and the error of `limits`
    for too many rooms."""
    credentials.authorise(connection)
    slugs = rooms_of(connection.identity.user_id)
    error = limits.all_rooms_limit_error(connection, len(set(slugs) - connection.rooms))
    if error:
        raise error
    # From now on people who add them to a room subscribe this connection.
    connection.all_rooms = True
    heads: dict[str, tuple[str, int]] = {}
    for some in chunked(slugs, ROOMS_PER_QUERY, read_queue.give_way):
        heads |= join_some(connection, some)
    if connection.closed:
        raise NotFound("There is no such room.")
    # Rooms from which they were evicted meanwhile are left out.
    joined = {slug: heads[slug] for slug in heads if slug in connection.rooms}
    return {"rooms": {slug: position(*joined[slug], after.get(slug), epoch.get(slug)) for slug in joined}}


def rooms_of(user_id: int) -> list[str]:
    """Return the slugs of the user's rooms."""
    slugs: list[str] = []
    last = 0
    while part := sql.slugs_of(user_id, last, ROOMS_PER_QUERY):
        last = part[-1][0]
        slugs += [slug for _, slug in part]
        read_queue.give_way()
    return slugs


def join_some(connection: Connection, slugs: Sequence[str]) -> dict[str, tuple[str, int]]:
    """Subscribe to these rooms; return epoch and head of those of which the user is still a member."""
    fresh = [slug for slug in slugs if slug not in connection.rooms]
    for slug in fresh:
        subscriptions.subscribe(connection, slug)
    heads = sql.heads_of(connection.identity.user_id, slugs)
    for slug in fresh:
        if slug not in heads:
            subscriptions.unsubscribe(connection, slug)
    # Delivery began after the head: events between may have been published before this process subscribed.
    passed = [slug for slug, (_, head) in heads.items() if not subscriptions.begin_log(slug, head)]
    return heads | sql.heads_of(connection.identity.user_id, passed) if passed else heads


def add_missed_rooms() -> None:
    """Subscribe connections that join all rooms to those that were added while no other process was heard."""
    following = {one.identity.user_id: one for one in subscriptions.all_connections() if one.all_rooms}
    for user_id, connection in following.items():
        for slug in set(rooms_of(user_id)) - set(connection.rooms):
            membership_events.enqueue_added(slug, [user_id])


def position(epoch: str, head: int, after: int | None, known: str | None) -> dict[str, Any]:
    """Return `{epoch, head, reset, behind}`. `behind` is how many events `sync` would return; 0 without a position."""
    reset = (known is not None and known != epoch) or (after is not None and after > head)
    behind = 0 if after is None or reset else head - after
    return {"epoch": epoch, "head": head, "reset": reset, "behind": behind}
