"""Letting sockets in, many at once: whoever comes while some are looked up is looked up with the next ones."""

from collections.abc import Sequence
from typing import Any

from django.contrib.sessions.backends.db import SessionStore

from accounts import sql
from accounts.authentication import credentials
from accounts.authentication.credentials import Claim, SessionEnded
from accounts.presence import last_seen
from chatsite.contract.errors import ChatError, Unauthorized
from chatsite.realtime.delivery import revocation
from chatsite.realtime.delivery.identity import Identity
from chatsite.realtime.queues.group_commit import GroupCommit, Outcome
from chatsite.realtime.socketio.routing import ConnectionRequest

# Who it is, and with which password, version and session they were found good; None with a token.
Known = tuple[Identity, tuple[int, int] | None]


def authenticate(environ: dict[str, Any], auth: Any) -> Identity:
    """By `{"token": …}` where it is given, else by Django's session cookie. Raises Unauthorized."""
    found = identify([credentials.claim_of(environ, auth)])[0]
    if isinstance(found, ChatError):
        raise found
    return found[0]


def admit_all(applicants: Sequence[ConnectionRequest]) -> list[Outcome[None]]:
    """Attaches a connection for each who may come in. One query for tokens, two for sessions.

    Whose session ends while it is being looked up has no connection yet that could be ended. So where any did, all who
    came in are asked for once more, now that a further end would find them.
    """
    before = revocation.revocations()
    claims = [claim(applicant) for applicant in applicants]
    good = [one for one in claims if isinstance(one, Claim)]
    known = dict(zip(good, identify(good), strict=True))
    outcomes: list[Outcome[None]] = [
        attach(applicant, known[one]) if isinstance(one, Claim) else one
        for applicant, one in zip(applicants, claims, strict=True)
    ]
    return outcomes if revocation.revocations() == before else look_again(applicants, outcomes)


batches: GroupCommit[ConnectionRequest, None] = GroupCommit(
    admit_all, owner_of=lambda applicant: applicant.address, name="connect"
)


def claim(applicant: ConnectionRequest) -> Claim | ChatError:
    try:
        return credentials.claim_of(applicant.environ, applicant.auth)
    except ChatError as error:
        return error


def attach(applicant: ConnectionRequest, known: Known | ChatError) -> Outcome[None]:
    if isinstance(known, ChatError):
        return known
    identity, standing = known
    connection = applicant.attach(identity)
    if standing is not None:
        connection.credentials_hash = standing
    return None


def look_again(
    applicants: Sequence[ConnectionRequest], outcomes: Sequence[Outcome[None]]
) -> list[Outcome[None]]:
    inside = [applicant.connection for applicant in applicants if applicant.connection is not None]
    standings = credentials.standings(inside)
    ended = {one for one, standing in standings.items() if isinstance(standing, SessionEnded)}
    return [
        standings[applicant.connection] if applicant.connection in ended else outcome  # type: ignore[misc]
        for applicant, outcome in zip(applicants, outcomes, strict=True)
    ]


def identify(claims: Sequence[Claim]) -> list[Known | Unauthorized]:
    """Whose token or session each of them is, if that is a person who may use the site."""
    found: dict[Claim, Known] = {}
    tokens = [claim for claim in claims if claim.digest is not None]
    if tokens:
        found |= of_tokens(tokens)
    if len(tokens) < len(claims):
        found |= of_sessions([claim for claim in claims if claim.digest is None])
    return [
        found.get(claim) or Unauthorized("That token is not valid." if claim.digest else None)
        for claim in claims
    ]


def of_tokens(claims: Sequence[Claim]) -> dict[Claim, Known]:
    found: dict[Claim, Known] = {}
    for token in sql.tokens([claim.digest or "" for claim in claims], last_seen.due()):
        identity = Identity(token.user_id, token.username, token_id=token.id, display_name=token.display_name)
        found[claims[token.n]] = identity, None
        if token.unnoted:
            last_seen.note_use(token.id)
    return found


def of_sessions(claims: Sequence[Claim]) -> dict[Claim, Known]:
    """Only the session says whose it is, and it must be decoded for that: people come with a second query."""
    data = {claims[n]: text for n, text in sql.sessions(claim.session_key for claim in claims).items()}
    sessions = {claim: SessionStore().decode(text) for claim, text in data.items()}
    people = sql.present({credentials.user_id_in(session) for session in sessions.values()})
    found: dict[Claim, Known] = {}
    for claim, session in sessions.items():
        person = people.get(credentials.user_id_in(session))
        if person is not None and credentials.proves(session, person.id, person):
            identity = Identity(
                person.id,
                person.username,
                session_key=claim.session_key,
                display_name=person.display_name,
            )
            found[claim] = identity, credentials.mark(person, data[claim])
    return found
