"""Many who come at once: looked up together, each with an answer of their own."""

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from accounts import services
from accounts.authentication import socket_auth
from accounts.authentication.credentials import SessionEnded
from accounts.models import ApiToken, User
from accounts.presence import last_seen
from chatsite.contract.errors import Unauthorized
from chatsite.realtime.delivery import revocation, subscriptions
from chatsite.realtime.delivery.connection import Connection

pytestmark = pytest.mark.django_db


class ConnectionRequest:
    """Somebody at the door, as the server would hold them."""

    def __init__(self, live, auth=None, cookie=""):
        self.environ, self.auth, self.address = {"HTTP_COOKIE": cookie}, auth, "192.0.2.1"
        self.connection = None
        self._live = live

    def attach(self, identity):
        user = User.objects.get(pk=identity.user_id)
        keys = {"session_key": identity.session_key, "token_id": identity.token_id}
        self.connection = self._live(user, **keys)
        return self.connection


@pytest.fixture
def with_token(live):
    def with_token(user):
        return ConnectionRequest(live, {"token": services.make_token(user, "bot")[1]})

    return with_token


@pytest.fixture
def with_cookie(live):
    def with_cookie(user):
        client = Client()
        client.force_login(user)
        return ConnectionRequest(live, cookie=f"sessionid={client.session.session_key}")

    return with_cookie


@pytest.fixture
def people(make_person):
    return [make_person(f"person{n}") for n in range(20)]


def test_tokens_take_one_query_and_sessions_two_however_many_they_are(
    people, with_token, with_cookie, django_assert_num_queries, monkeypatch
):
    monkeypatch.setattr(ConnectionRequest, "attach", lambda self, identity: Connection("sid", identity, None))
    for apply, queries in ((with_token, 1), (with_cookie, 2)):
        applicants = [apply(person) for person in people]
        for some in (applicants, applicants[:1]):
            with django_assert_num_queries(queries):
                assert socket_auth.admit_all(some) == [None] * len(some)


def test_each_has_an_answer_of_their_own(owner, member, stranger, live, with_token, with_cookie):
    good, banned = [with_token(owner), with_cookie(member)], with_token(stranger)
    services.ban(stranger)
    bad = [
        banned,
        with_cookie(stranger),
        ConnectionRequest(live, {"token": "nobody's"}),
        ConnectionRequest(live, {"token": 5}),
        ConnectionRequest(live, ["wrong"]),
        ConnectionRequest(live, cookie="sessionid=é"),
        ConnectionRequest(live),
    ]
    outcomes = socket_auth.admit_all([*bad, *good, *bad])
    assert [type(outcome) for outcome in outcomes] == [Unauthorized] * 7 + [type(None)] * 2 + [
        Unauthorized
    ] * 7
    assert [one.connection.identity.username for one in good] == ["owner", "member"]
    assert all(one.connection is None for one in bad)


def test_the_same_token_and_cookie_twice_let_two_in(owner, with_token, with_cookie):
    token, cookie = with_token(owner), with_cookie(owner)
    assert socket_auth.admit_all([token, cookie, token, cookie]) == [None] * 4
    assert len(subscriptions.connections(owner.pk)) == 4


def banned(user, applicant):
    services.ban(user)


def everything_ended(user, applicant):
    services.end_everything(user)


def token_revoked(user, applicant):
    token = ApiToken.objects.get(user=user)
    pk = token.pk
    token.delete()
    revocation.end_sessions(user.pk, "revoked", token_id=pk)


def logged_out(user, applicant):
    key = applicant.environ["HTTP_COOKIE"].partition("=")[2]
    Session.objects.filter(session_key=key).delete()
    revocation.end_sessions(user.pk, "logged_out", session_key=key)


@pytest.mark.parametrize(
    ("end", "doors", "code"),
    [
        (banned, ("with_token", "with_cookie"), "banned"),
        (everything_ended, ("with_cookie",), "logged_out"),
        (token_revoked, ("with_token",), "revoked"),
        (logged_out, ("with_cookie",), "logged_out"),
    ],
)
def test_an_end_while_they_are_looked_up_is_honoured(
    owner, member, request, committed, monkeypatch, end, doors, code
):
    """The read says that they may come in; the end finds nobody to end; only then is there a connection."""
    identify = socket_auth.identify
    applicants = [request.getfixturevalue(door)(owner) for door in doors]
    friend = request.getfixturevalue("with_token")(member)

    def and_then_it_ends(claims):
        found = identify(claims)
        with committed():
            end(owner, applicants[0])
        return found

    monkeypatch.setattr(socket_auth, "identify", and_then_it_ends)
    *ended, kept = socket_auth.admit_all([*applicants, friend])
    assert kept is None
    assert all(isinstance(outcome, SessionEnded) and outcome.ended == code for outcome in ended)


def test_nothing_is_asked_twice_while_nobody_is_put_out(people, with_token, monkeypatch):
    monkeypatch.setattr(socket_auth, "authorise_again", None)
    assert socket_auth.admit_all([with_token(person) for person in people]) == [None] * 20


def test_what_let_a_session_in_needs_no_proof_at_its_first_event(owner, with_cookie, monkeypatch):
    from accounts.authentication import credentials

    applicant = with_cookie(owner)
    assert socket_auth.admit_all([applicant]) == [None]
    monkeypatch.setattr(credentials, "session_proves", None)
    assert credentials.authorise(applicant.connection) == owner


def test_a_tokens_use_is_written_with_all_others(people, with_token, django_assert_num_queries, monkeypatch):
    monkeypatch.setattr(last_seen, "used", {})
    applicants = [with_token(person) for person in people]
    socket_auth.admit_all(applicants)
    assert not ApiToken.objects.exclude(last_used_at=None).exists()
    with django_assert_num_queries(1):
        last_seen.flush(last_seen.used, "accounts_apitoken", "last_used_at")
    assert not ApiToken.objects.filter(last_used_at=None).exists()
    socket_auth.admit_all(applicants)
    assert last_seen.used == {}, "at most once a minute"
