"""`join`, many at once: who comes while some are looked up is looked up with the next ones.

Two queries for all of them: who may join; then, when they are subscribed, what their rooms are like now. Subscribed
first and read after, so that nothing falls between. Who has more to ask for is answered row by row.
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
from rooms.log import log, log_page_cache
from rooms.membership import membership
from rooms.presence import typing
from rooms.sql import AuthorisationRow


@dataclass(slots=True, eq=False)
class Join:
    """`after` and `epoch` are the client's last place in the room's log."""

    connection: Connection
    room: str
    after: int | None = None
    epoch: str | None = None


# None for who isn't a member, or where there is no such room.
Authorisation: TypeAlias = AuthorisationRow | SessionEnded | None


def submit(join: Join, answer: Answer) -> None:
    """`answer` follows with the ack, or what becomes its error."""
    join_batches.submit(join, partial(finish, join, answer))


def join_all(joins: Sequence[Join]) -> list[Outcome[Joined | None]]:
    """For each what they are ack_outcomes, or why not; None for who isn't a member."""
    before = revocation.revocations()
    authorisations = fetch_authorisation(joins)
    members = [
        n for n, authorisation in enumerate(authorisations) if isinstance(authorisation, AuthorisationRow)
    ]
    refused = {n: error for n in members if (error := subscribe(joins[n]))}
    if revocation.revocations() != before:
        # Somebody was put out while they were let in. From now on that would find them subscribed.
        authorisations = fetch_authorisation(joins)
        for n in members:
            if not isinstance(authorisations[n], AuthorisationRow):
                subscriptions.unsubscribe(joins[n].connection, joins[n].room)
    told = ack_outcomes(joins, authorisations)
    return [refused.get(n, outcome) for n, outcome in enumerate(told)]


join_batches: GroupCommit[Join, Joined | None] = GroupCommit(
    join_all, whose=lambda join: join.connection.identity.user_id, name="join", charged=True
)


def subscribe(join: Join) -> ChatError | None:
    """What keeps them from it, if they are in too many."""
    error = limits.no_more_rooms(join.connection, join.room)
    if error is None:
        subscriptions.subscribe(join.connection, join.room)
    return error


def fetch_authorisation(joins: Sequence[Join]) -> list[Authorisation]:
    found: list[Authorisation] = [SessionEnded("deactivated") for _ in joins]
    for row in sql.fetch_authorisation((join.connection.identity, join.room) for join in joins):
        found[row.n] = authorise(joins[row.n].connection, row)
    return found


def authorise(connection: Connection, row: AuthorisationRow) -> Authorisation:
    evidence = row.session if connection.identity.token_id is None else row.token_id is not None
    code = credentials.end_code(connection, row, evidence)
    if code:
        return SessionEnded(code)
    return row if row.membership_id is not None else None


def ack_outcomes(
    joins: Sequence[Join], authorisations: Sequence[Authorisation]
) -> list[Outcome[Joined | None]]:
    acks = JoinAcks(
        [authorisation for authorisation in authorisations if isinstance(authorisation, AuthorisationRow)]
    )
    return [
        acks.ack_for(authorisation, join.connection.identity.user_id)
        if isinstance(authorisation, AuthorisationRow)
        else authorisation
        for join, authorisation in zip(joins, authorisations, strict=True)
    ]


def finish(join: Join, answer: Answer, outcome: Outcome[Joined | None]) -> None:
    if isinstance(outcome, Exception):
        answer(outcome)
        return
    page = log.nothing_new(outcome.room, join.after, join.epoch) if outcome else None
    if outcome and page and is_in(join):
        answer({**outcome.ack, **page})
    else:
        # To become a member, to be ack_outcomes why not, or to catch up: by themselves, so that nobody else waits for them.
        read_queue.submit(join.connection.identity.user_id, partial(ack_with_page, join, outcome), answer)


def ack_with_page(join: Join, joined: Joined | None) -> Outcome[dict[str, Any]]:
    try:
        while True:
            ack, room = joined or become_member(join)
            page = log_page_cache.read(room, join.after, join.epoch)
            if is_in(join):
                return {**ack, **page}
            # They were put out while they waited or it was read: it may tell of what came after.
            joined = None
            if join.connection.closed:
                raise NotFound("There is no such room.")
    except ChatError as error:
        return error


def is_in(join: Join) -> bool:
    return join.room in join.connection.rooms


def become_member(join: Join) -> Joined:
    """Of a public room; raises what keeps them out of it, or of any other."""
    user = credentials.authorise(join.connection)
    room, membership_row = access.find(user, join.room)
    if membership_row is None and room.archived:
        return visit(join, user)
    membership.join_room(user, room.slug)
    outcome = join_all([join])[0]
    if isinstance(outcome, Exception):
        raise outcome
    if outcome is None:
        # They were put out at once.
        raise NotFound("There is no such room.")
    return outcome


def visit(join: Join, user: User) -> Joined:
    """An archived public room can be read by who was never in it."""
    error = subscribe(join)
    if error:
        raise error
    try:
        # From now on a ban would find them subscribed.
        room = access.room_for(user, join.room)
    except ChatError:
        subscriptions.unsubscribe(join.connection, join.room)
        raise
    about = payloads.room_payload(user, room)
    online = payloads.online_usernames(room) if about["members"] <= settings.PRESENCE_ROOM_SIZE else []
    return Joined({"room": about, "online": online, "typing": typing.usernames(room.slug, user.pk)}, room)
