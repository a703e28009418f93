"""Batches of `join`: people who come while a batch is looked up form the next one.

Two queries for a batch: who may join, and, after they are subscribed, what their rooms are like now. Subscribing
first and reading after leaves no gap. Joins that need more than that are answered one by one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from django.conf import settings

from accounts.authentication import credentials
from accounts.authentication.credentials import SessionEnded
from accounts.models import User
from chatsite.contract.errors import ChatError, NotFound
from chatsite.realtime.delivery import revocation, subscriptions
from chatsite.realtime.delivery.connection import Connection
from chatsite.realtime.limits import limits
from chatsite.realtime.queues import read_queue
from chatsite.realtime.queues.group_commit import GroupCommit, Outcome
from chatsite.realtime.socketio.routing import Answer
from rooms import access, payloads, sql
from rooms.joining.join_ack import JoinAcks, Joined
from rooms.log import log
from rooms.membership import membership
from rooms.presence import typing
from rooms.sql import AuthorisationRow


@dataclass(slots=True, eq=False)
class Join:
    """A request to join `room`. `after` and `epoch` are the client's position in its log."""

    connection: Connection
    room: str
    after: int | None = None
    epoch: str | None = None


# None for somebody who isn't a member, or if there is no such room.
Authorisation: TypeAlias = AuthorisationRow | SessionEnded | None


def submit(join: Join, answer: Answer) -> None:
    """Join with the next batch; `answer` is called with the ack or an error."""
    join_batches.submit(join, partial(finish, join, answer))


def join_all(joins: Sequence[Join]) -> list[Outcome[Joined | None]]:
    """Subscribe the members; return for each join its ack, its error, or None for somebody who isn't a member."""
    before = revocation.revocations()
    authorisations = fetch_authorisation(joins)
    members = [
        n for n, authorisation in enumerate(authorisations) if isinstance(authorisation, AuthorisationRow)
    ]
    refused = {n: error for n in members if (error := subscribe(joins[n]))}
    if revocation.revocations() != before:
        # A right was revoked while they were being subscribed. A revocation from now on finds them subscribed.
        authorisations = fetch_authorisation(joins)
        for n in members:
            if not isinstance(authorisations[n], AuthorisationRow):
                subscriptions.unsubscribe(joins[n].connection, joins[n].room)
    told = ack_outcomes(joins, authorisations)
    return [refused.get(n, outcome) for n, outcome in enumerate(told)]


join_batches: GroupCommit[Join, Joined | None] = GroupCommit(
    join_all, owner_of=lambda join: join.connection.identity.user_id, name="join", charged=True
)


def subscribe(join: Join) -> ChatError | None:
    """Subscribe the connection; return an error if it has joined too many rooms."""
    error = limits.room_limit_error(join.connection, join.room)
    if error is None:
        subscriptions.subscribe(join.connection, join.room)
    return error


def fetch_authorisation(joins: Sequence[Join]) -> list[Authorisation]:
    """Return for each join the membership's row, the end of its session, or None. One query."""
    found: list[Authorisation] = [SessionEnded("deactivated") for _ in joins]
    for row in sql.fetch_authorisation((join.connection.identity, join.room) for join in joins):
        found[row.n] = authorise(joins[row.n].connection, row)
    return found


def authorise(connection: Connection, row: AuthorisationRow) -> Authorisation:
    """Return the member's row, the end of the session, or None for somebody who isn't a member."""
    code = credentials.end_code(row.evidence, connection)
    if code:
        return SessionEnded(code)
    return row if row.membership_id is not None else None


def ack_outcomes(
    joins: Sequence[Join], authorisations: Sequence[Authorisation]
) -> list[Outcome[Joined | None]]:
    """Return the acks of members, and of the others why there is none."""
    acks = JoinAcks(
        [authorisation for authorisation in authorisations if isinstance(authorisation, AuthorisationRow)],
        with_receipts=True,
    )
    return [
        acks.ack_for(authorisation, join.connection.identity.user_id)
        if isinstance(authorisation, AuthorisationRow)
        else authorisation
        for join, authorisation in zip(joins, authorisations, strict=True)
    ]


def finish(join: Join, answer: Answer, outcome: Outcome[Joined | None]) -> None:
    """Answer with the ack and an empty page of the log, or hand over to the read queue."""
    if isinstance(outcome, Exception):
        answer(outcome)
        return
    page = log.nothing_new(outcome.room, join.after, join.epoch) if outcome else None
    if outcome and page and is_in(join):
        answer({**outcome.ack, **page})
    else:
        # Becoming a member, an error's reason and a page of events take longer: each waits by itself in the read
        # queue.
        read_queue.submit(join.connection.identity.user_id, partial(ack_with_page, join, outcome), answer)


def ack_with_page(join: Join, joined: Joined | None) -> Outcome[dict[str, Any]]:
    """Return the ack with a page of the log, or the error. Reads again if the person was evicted meanwhile, as the
    page may hold events from after the eviction."""
    try:
        while True:
            ack, room = joined or become_member(join)
            page = log.read_shared(room, join.after, join.epoch)
            if is_in(join):
                return {**ack, **page}
            # Evicted while the page was waited for or read: it may have events from after the eviction.
            joined = None
            if join.connection.closed:
                raise NotFound("There is no such room.")
    except ChatError as error:
        return error


def is_in(join: Join) -> bool:
    """Return whether the connection is still subscribed to the room."""
    return join.room in join.connection.rooms


def become_member(join: Join) -> Joined:
    """Join a public room as a new member. Raises what keeps the person out of it, or of any other room."""
    user = credentials.authorise(join.connection)
    room, membership_row = access.find(user, join.room)
    if membership_row is None and room.archived:
        return visit(join, user)
    membership.join_room(user, room.slug)
    outcome = join_all([join])[0]
    if isinstance(outcome, Exception):
        raise outcome
    if outcome is None:
        # The new member was evicted at once.
        raise NotFound("There is no such room.")
    return outcome


def visit(join: Join, user: User) -> Joined:
    """Subscribe somebody to an archived public room, which anybody may read without joining."""
    error = subscribe(join)
    if error:
        raise error
    try:
        # A ban from now on finds them subscribed.
        room = access.room_for(user, join.room)
    except ChatError:
        subscriptions.unsubscribe(join.connection, join.room)
        raise
    about = payloads.room_payload(user, room)
    small = about["members"] <= settings.PRESENCE_ROOM_SIZE
    online = payloads.online_usernames(room, user.pk) if small else []
    names = typing.usernames(room.slug, user.pk)
    return Joined({"room": about, "online": online, "typing": names, "receipts": []}, room)
