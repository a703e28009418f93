"""Authentication of connection requests in batches: requests that arrive during a batch form the next one."""

from collections.abc import Sequence
from typing import Any

from django.contrib.sessions.backends.db import SessionStore

from accounts import sql
from accounts.authentication import credentials
from accounts.authentication.credentials import Claim
from accounts.presence import last_seen, visibility
from chatsite.contract.errors import ChatError, Unauthorized
from chatsite.realtime.delivery import revocation
from chatsite.realtime.delivery.identity import Identity
from chatsite.realtime.queues.group_commit import GroupCommit, Outcome
from chatsite.realtime.socketio.routing import ConnectionRequest

# The identity, and the hash of its session's credentials; None with a token.
Identified = tuple[Identity, tuple[int, bytes] | None]


def authenticate(environ: dict[str, Any], auth: Any) -> Identity:
    """Return the identity of `{"token": …}` if given, else of Django's session cookie. Raises Unauthorized."""
    found = identify([credentials.claim_of(environ, auth)])[0]
    if isinstance(found, ChatError):
        raise found
    return found[0]


def admit_all(requests: Sequence[ConnectionRequest]) -> list[Outcome[None]]:
    """Attach a connection to each authenticated request. One query for tokens, two for sessions,
    and in a process' life one for who is invisible.

    A session that ends during the look-up has no connection yet that could be closed. If any right was revoked
    meanwhile, the new connections are therefore judged again: a revocation from then on finds them.
    """
    visibility.ensure()
    before = revocation.revocations()
    claims = [claim(request) for request in requests]
    claimed = [one for one in claims if isinstance(one, Claim)]
    known = dict(zip(claimed, identify(claimed), strict=True))
    outcomes: list[Outcome[None]] = [
        attach(request, known[one]) if isinstance(one, Claim) else one
        for request, one in zip(requests, claims, strict=True)
    ]
    return outcomes if revocation.revocations() == before else authorise_again(requests, outcomes)


connect_batches: GroupCommit[ConnectionRequest, None] = GroupCommit(
    admit_all, owner_of=lambda request: request.address, name="connect"
)


def claim(request: ConnectionRequest) -> Claim | ChatError:
    """Return the request's claim, or its error."""
    try:
        return credentials.claim_of(request.environ, request.auth)
    except ChatError as error:
        return error


def attach(request: ConnectionRequest, known: Identified | ChatError) -> Outcome[None]:
    """Attach a connection to an authenticated request; return the error of any other."""
    if isinstance(known, ChatError):
        return known
    identity, credentials_hash = known
    connection = request.attach(identity)
    if credentials_hash is not None:
        connection.credentials_hash = credentials_hash
    return None


def authorise_again(
    requests: Sequence[ConnectionRequest], outcomes: Sequence[Outcome[None]]
) -> list[Outcome[None]]:
    """Return the outcomes, with the errors of connections whose session ended meanwhile."""
    ended = credentials.ended([request.connection for request in requests if request.connection is not None])
    return [
        outcome if request.connection is None else ended.get(request.connection, outcome)
        for request, outcome in zip(requests, outcomes, strict=True)
    ]


def identify(claims: Sequence[Claim]) -> list[Identified | Unauthorized]:
    """Return for each claim its identity, if its person may use the site, else Unauthorized."""
    found: dict[Claim, Identified] = {}
    tokens = [claim for claim in claims if claim.digest is not None]
    if tokens:
        found |= identify_tokens(tokens)
    if len(tokens) < len(claims):
        found |= identify_sessions([claim for claim in claims if claim.digest is None])
    return [
        found.get(claim) or Unauthorized("That token is not valid." if claim.digest else None)
        for claim in claims
    ]


def identify_tokens(claims: Sequence[Claim]) -> dict[Claim, Identified]:
    """Return the identities of tokens, and collect their use. One query."""
    found: dict[Claim, Identified] = {}
    for token in sql.tokens([claim.digest or "" for claim in claims], last_seen.due()):
        identity = Identity(
            token.user_id,
            token.username,
            token_id=token.id,
            display_name=token.display_name,
            avatar=token.avatar,
        )
        found[claims[token.n]] = identity, None
        if token.unnoted:
            last_seen.record_use(token.id)
    return found


def identify_sessions(claims: Sequence[Claim]) -> dict[Claim, Identified]:
    """Return the identities of sessions. Two queries: the user's id is inside the encoded session."""
    data = {claims[n]: text for n, text in sql.sessions(claim.session_key for claim in claims).items()}
    sessions = {claim: SessionStore().decode(text) for claim, text in data.items()}
    people = sql.present({credentials.user_id_in(session) for session in sessions.values()})
    found: dict[Claim, Identified] = {}
    for claim, session in sessions.items():
        person = people.get(credentials.user_id_in(session))
        if person is not None and credentials.session_proves(session, person.id, person):
            identity = Identity(
                person.id,
                person.username,
                session_key=claim.session_key,
                display_name=person.display_name,
                avatar=person.avatar,
            )
            found[claim] = identity, credentials.credentials_hash(person, data[claim])
    return found
