"""Hand-written SQL about many people at once."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

import orjson
from django.db import connection
from django.utils import timezone

from chatsite.database import sql
from chatsite.realtime.delivery.identity import Identity

# Columns of an identity, as parameters of a statement.
IDENTITY = {"user_id": "bigint", "token_id": "bigint", "session_key": "text"}
# Columns of an Evidence, of the user `u`, and the joins that they need. The joins take the time as a parameter.
EVIDENCE_COLUMNS = (
    "u.is_active, u.is_banned, u.password, u.session_version, t.id AS token, s.session_data AS session"
)
EVIDENCE_JOINS = """
    LEFT JOIN accounts_apitoken t ON t.id = given.token_id AND t.user_id = u.id
    LEFT JOIN django_session s ON s.session_key = given.session_key AND s.expire_date > %s"""

# Condition on PostgreSQL: the session or token that authenticated the connection `given` is as it was when it was last
# found good. With the joins above; `proof` is hexadecimal (`credentials.credentials_hash`).
PROVED = """
    (given.token_id IS NULL OR t.id IS NOT NULL) AND (given.session_key IS NULL OR decode(given.proof, 'hex') = sha256(
        convert_to(u.password || chr(10) || u.session_version || chr(10) || s.session_data, 'UTF8')))"""


class Evidence(NamedTuple):
    """Evidence of whether a connection may stay, for `credentials.end_code`: the user's row, and the id of the token or
    the data of the session that authenticated the connection. None for what doesn't exist (any more)."""

    is_active: bool | None
    is_banned: bool | None
    password: str | None
    session_version: int | None
    token: int | None
    session: str | None


class IdentityEvidence(NamedTuple):
    """Evidence for the `n`th of the identities asked for."""

    n: int
    evidence: Evidence


class Token(NamedTuple):
    """A token found: the `n`th of those asked for. `unnoted` if its recorded use is stale."""

    n: int
    id: int
    unnoted: bool
    user_id: int
    username: str
    display_name: str
    avatar: str


class Person(NamedTuple):
    """The part of a User that an identity and a session's proof need."""

    id: int
    username: str
    password: str
    session_version: int
    display_name: str
    avatar: str


class Brief(NamedTuple):
    """The part of a User that everybody sees."""

    id: int
    username: str
    display_name: str
    avatar: str

    @property
    def name(self) -> str:
        return self.display_name or self.username


def brief_list(vendor: str, order: str) -> str:
    """Return an aggregate: the Briefs of users `u` as one JSON value, for `briefs_in`. Two hundred rows would cost the
    driver more."""
    brief = "u.id, u.username, u.display_name, u.avatar"
    if vendor == "postgresql":
        return f"json_agg(json_build_array({brief}) ORDER BY {order})::text"
    return f"json_group_array(json_array({brief}))"


def briefs_in(listed: str) -> list[Brief]:
    """Return the Briefs of a `brief_list`."""
    return [Brief(*columns) for columns in orjson.loads(listed)]


def identity_of(identity: Identity) -> dict[str, int | str | None]:
    """Return the identity as a row of IDENTITY."""
    return {
        "user_id": identity.user_id,
        "token_id": identity.token_id,
        "session_key": identity.session_key,
    }


def evidence(identities: Iterable[Identity], *, without_token: bool = False) -> list[IdentityEvidence]:
    """Return the evidence for each identity; `without_token` leaves out those whose token is valid. One query."""
    statement = _evidence(connection.vendor, without_token)
    rows = sql.run(statement, *evidence_parameters(identities))
    return [IdentityEvidence(n, Evidence(*columns)) for n, *columns in rows]


def tokens_stand(identities: Sequence[Identity]) -> bool:
    """Return whether the tokens of all identities are still their users', and these may use the site. One query with one
    value: rows in and out would cost four times as much."""
    given = orjson.dumps([identity.token_id for identity in identities]).decode()
    ((owners,),) = sql.run(_owners(connection.vendor), given)
    return bool(orjson.loads(owners or "[]") == [identity.user_id for identity in identities])


def user_with_evidence() -> str:
    """Return a statement for `User.objects.raw`, which adds the columns of an Evidence to a user's row; it takes
    `evidence_parameters` of one identity."""
    return _user_with_evidence(connection.vendor)


def evidence_parameters(identities: Iterable[Identity]) -> tuple[str, Any]:
    """Return the identities and the time, as statements with EVIDENCE_JOINS take them."""
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    return sql.packed(identity_of(identity) for identity in identities), now


def tokens(digests: Iterable[str], due: datetime) -> list[Token]:
    """Return the tokens with these digests whose owners may use the site."""
    given = sql.packed({"digest": digest} for digest in digests)
    before = connection.ops.adapt_datetimefield_value(due)
    return [Token(*row) for row in sql.run(_tokens(connection.vendor), before, given)]


def sessions(keys: Iterable[str]) -> dict[int, str]:
    """Return session data by position among the keys, of sessions that haven't expired."""
    given = sql.packed({"key": key} for key in keys)
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    return {n: data for n, data in sql.run(_sessions(connection.vendor), given, now)}  # noqa: C416 (rows)


def present(user_ids: Iterable[int]) -> dict[int, Person]:
    """Return the users who may use the site by id."""
    given = sql.packed({"id": user_id} for user_id in user_ids)
    return {row[0]: Person(*row) for row in sql.run(_present(connection.vendor), given)}


def briefs(user_ids: Iterable[int]) -> list[Brief]:
    """Return these users' briefs."""
    given = sql.packed({"id": user_id} for user_id in user_ids)
    return [Brief(*row) for row in sql.run(_briefs(connection.vendor), given)]


@cache
def _evidence(vendor: str, without_token: bool) -> str:
    return f"""
        SELECT given.n, {EVIDENCE_COLUMNS}
        FROM {sql.rows_in(**IDENTITY)} LEFT JOIN accounts_user u ON u.id = given.user_id {EVIDENCE_JOINS}
        {"WHERE t.id IS NULL OR NOT u.is_active OR u.is_banned" if without_token else ""}"""


@cache
def _owners(vendor: str) -> str:
    # SQLite keeps to the order of CROSS JOIN, and so to the order of the tokens.
    owners = "json_agg(u.id ORDER BY given.n)::text" if vendor == "postgresql" else "json_group_array(u.id)"
    return f"""
        SELECT {owners} FROM {sql.ids_in()} CROSS JOIN accounts_apitoken t CROSS JOIN accounts_user u
        WHERE t.id = given.id AND u.id = t.user_id AND u.is_active AND NOT u.is_banned"""


@cache
def _user_with_evidence(vendor: str) -> str:
    return f"""
        SELECT u.*, {EVIDENCE_COLUMNS}
        FROM {sql.rows_in(**IDENTITY)} JOIN accounts_user u ON u.id = given.user_id {EVIDENCE_JOINS}"""


@cache
def _tokens(vendor: str) -> str:
    return f"""
        SELECT given.n, t.id, t.last_used_at IS NULL OR t.last_used_at < %s, u.id, u.username,
               u.display_name, u.avatar
        FROM {sql.rows_in(digest="text")} JOIN accounts_apitoken t ON t.digest = given.digest
        JOIN accounts_user u ON u.id = t.user_id WHERE u.is_active AND NOT u.is_banned"""


@cache
def _sessions(vendor: str) -> str:
    return f"""
        SELECT given.n, s.session_data FROM {sql.rows_in(key="text")}
        JOIN django_session s ON s.session_key = given.key WHERE s.expire_date > %s"""


@cache
def _present(vendor: str) -> str:
    return f"""
        SELECT u.id, u.username, u.password, u.session_version, u.display_name, u.avatar
        FROM {sql.rows_in(id="bigint")} JOIN accounts_user u ON u.id = given.id
        WHERE u.is_active AND NOT u.is_banned"""


@cache
def _briefs(vendor: str) -> str:
    return f"""
        SELECT u.id, u.username, u.display_name, u.avatar
        FROM {sql.rows_in(id="bigint")} JOIN accounts_user u ON u.id = given.id"""
