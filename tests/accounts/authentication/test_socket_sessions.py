from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts import services, sockets
from accounts.authentication import session_recheck
from accounts.authentication.credentials import SessionEnded
from accounts.models import User
from accounts.services import sessions
from chatsite.contract.errors import Unauthorized

pytestmark = pytest.mark.django_db


@pytest.fixture
def session_of():
    def session_of(user):
        client = Client()
        client.force_login(user)
        return client.session.session_key

    return session_of


def cookie(key):
    return {"HTTP_COOKIE": f"other=1; sessionid={key}"}


def test_a_session_cookie_lets_its_person_in(owner, session_of):
    key = session_of(owner)
    for auth in (None, {}, {"else": 1}):
        identity = sockets.authenticate(cookie(key), auth)
        assert (identity.user_id, identity.username, identity.session_key) == (owner.pk, "owner", key)


def test_a_token_lets_its_person_in_and_is_asked_before_the_cookie(owner, member, session_of):
    token, secret = services.make_token(member, "bot")
    identity = sockets.authenticate(cookie(session_of(owner)), {"token": secret})
    assert (identity.username, identity.token_id, identity.session_key) == ("member", token.pk, None)


@pytest.mark.parametrize(
    "auth",
    [
        [],
        "token",
        5,
        True,
        {"token": None},
        {"token": 5},
        {"token": ["x"]},
        {"token": {"$gt": ""}},
        {"token": ""},
        {"token": "x\0"},
        {"token": "\ud800"},
        {"token": "é" * 10_000},
    ],
)
def test_a_wrong_auth_is_unauthorized_even_with_a_cookie(owner, session_of, auth):
    with pytest.raises(Unauthorized):
        sockets.authenticate(cookie(session_of(owner)), auth)


@pytest.mark.parametrize(
    "header",
    [None, "", "sessionid", "sessionid=", "sessionid=x", "sessionid=" + "x" * 99, "sessionid=é\0", ";;=;"],
)
def test_a_wrong_cookie_is_unauthorized(owner, header):
    with pytest.raises(Unauthorized):
        sockets.authenticate({} if header is None else {"HTTP_COOKIE": header}, None)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.just("token"), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(auth=JSON, header=st.text(max_size=80))
def test_whatever_is_sent_is_unauthorized_and_nothing_worse(db, auth, header):
    with pytest.raises(Unauthorized):
        sockets.authenticate({"HTTP_COOKIE": f"sessionid={header}"}, auth)


def test_an_anonymous_or_expired_session_is_unauthorized(client, owner, session_of):
    client.get("/login")
    anonymous = client.session
    anonymous["x"] = 1
    anonymous.save()
    key = session_of(owner)
    Session.objects.filter(session_key=key).update(expire_date=timezone.now() - timedelta(seconds=1))
    for one in (anonymous.session_key, key):
        with pytest.raises(Unauthorized):
            sockets.authenticate(cookie(one), None)


def session_gone(user, key):
    Session.objects.filter(session_key=key).delete()


def session_expired(user, key):
    Session.objects.filter(session_key=key).update(expire_date=timezone.now() - timedelta(seconds=1))


def session_forged(user, key):
    Session.objects.filter(session_key=key).update(session_data="e30:x:y")


def password_set(user, key):
    user.set_password("another one")
    user.save()


def row_gone(user, key):
    User.objects.filter(pk=user.pk).delete()


def deactivated(user, key):
    User.objects.filter(pk=user.pk).update(is_active=False)


def banned(user, key):
    User.objects.filter(pk=user.pk).update(is_banned=True)


def next_version(user, key):
    User.objects.filter(pk=user.pk).update(session_version=5)


ENDS = [
    (deactivated, "deactivated"),
    (banned, "banned"),
    (next_version, "logged_out"),
    (password_set, "password_changed"),
    (session_gone, "logged_out"),
    (session_expired, "logged_out"),
    (session_forged, "logged_out"),
    (row_gone, "deactivated"),
]


@pytest.mark.parametrize(("end", "code"), ENDS)
def test_what_ends_a_session_is_seen_at_the_next_event(owner, session_of, live, end, code):
    connection = live(owner, session_key=session_of(owner))
    assert sockets.authorise(connection) == owner
    end(owner, connection.identity.session_key)
    with pytest.raises(SessionEnded) as ended:
        sockets.authorise(connection)
    assert ended.value.ended == code


@pytest.mark.parametrize(("end", "code"), ENDS)
def test_what_ends_a_session_behind_our_back_is_found_by_the_recheck(
    owner, member, session_of, live, end, code
):
    connection, other = (
        live(owner, session_key=session_of(owner)),
        live(member, session_key=session_of(member)),
    )
    session_recheck.recheck()
    assert not connection.closed
    end(owner, connection.identity.session_key)
    session_recheck.recheck()
    assert f'{{"code":"{code}"}}' in connection.channel.text
    assert not other.closed


def test_a_token_that_is_gone_ends_at_the_next_event_and_by_the_recheck(owner, live):
    token, _ = services.make_token(owner, "bot")
    connection = live(owner, token_id=token.pk)
    assert sockets.authorise(connection) == owner
    token.delete()
    with pytest.raises(SessionEnded) as ended:
        sockets.authorise(connection)
    assert ended.value.ended == "revoked"
    session_recheck.recheck()
    assert '{"code":"revoked"}' in connection.channel.text


def test_anothers_token_is_none_of_mine(owner, member, live):
    token, _ = services.make_token(member, "bot")
    with pytest.raises(SessionEnded):
        sockets.authorise(live(owner, token_id=token.pk))


def test_anothers_session_is_none_of_mine(owner, member, session_of, live):
    with pytest.raises(SessionEnded):
        sockets.authorise(live(owner, session_key=session_of(member)))


def test_authorising_is_one_query(owner, session_of, live, django_assert_num_queries):
    token, _ = services.make_token(owner, "bot")
    for connection in (live(owner, session_key=session_of(owner)), live(owner, token_id=token.pk)):
        for _ in range(2):
            with django_assert_num_queries(1):
                sockets.authorise(connection)


def test_the_recheck_is_three_queries_however_many_are_connected(
    make_person, session_of, live, django_assert_num_queries
):
    for n in range(12):
        user = make_person(f"person{n}")
        live(user, session_key=session_of(user))
        live(user, token_id=services.make_token(user, "bot")[0].pk)
    with django_assert_num_queries(3):
        session_recheck.recheck()


def test_nobody_connected_asks_nothing(db, django_assert_num_queries):
    with django_assert_num_queries(0):
        session_recheck.recheck()


def test_a_new_session_under_the_same_password_is_still_good(client_of, owner, live):
    client = client_of(owner)
    connection = live(owner, session_key=client.session.session_key)
    sockets.authorise(connection)
    session = client.session
    session["something"] = "else"
    session.save()
    assert sockets.authorise(connection) == owner


def test_expired_sessions_are_swept(owner, session_of):
    kept, over = session_of(owner), session_of(owner)
    session_expired(owner, over)
    sessions.sweep_sessions()
    assert [row.session_key for row in Session.objects.all()] == [kept]
