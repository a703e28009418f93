"""The look at everyone: cheap where all is well, and found out by it whatever a connection rests on."""

import re

import pytest
from django.contrib.sessions.models import Session
from django.test import Client, TestCase

from accounts import services
from accounts.authentication import credentials, session_recheck
from accounts.models import ApiToken, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def by_session(live):
    """As it is admitted: with what its session was found good with."""

    def by_session(user):
        client = Client()
        client.force_login(user)
        connection = live(user, session_key=client.session.session_key)
        credentials.ended([connection])
        assert connection.credentials_hash is not None
        return connection

    return by_session


@pytest.fixture
def by_token(live):
    def by_token(user):
        return live(user, token_id=services.make_token(user, "bot")[0].pk)

    return by_token


@pytest.fixture
def crowd(make_person, by_session, by_token):
    people = [make_person(f"person{n}") for n in range(6)]
    return [make(person) for person in people for make in (by_session, by_token)]


def test_where_all_is_well_it_is_one_query_for_sessions_and_one_for_tokens(crowd, django_assert_num_queries):
    with django_assert_num_queries(2):
        session_recheck.recheck()
    assert not any(connection.closed for connection in crowd)


def test_of_many_tokens_the_one_that_ended_is_found(make_person, by_token, django_assert_num_queries):
    connections = [by_token(make_person(f"person{n}")) for n in range(5)]
    with django_assert_num_queries(1):
        session_recheck.recheck()
    ApiToken.objects.filter(pk=connections[2].identity.token_id).delete()
    User.objects.filter(pk=connections[4].identity.user_id).update(is_active=False)
    ApiToken.objects.filter(pk=connections[0].identity.token_id).update(user=connections[1].identity.user_id)
    # Both looks, and what has ended.
    with django_assert_num_queries(3):
        session_recheck.recheck()
    assert [connection.closed for connection in connections] == [True, False, True, False, True]


def test_it_goes_in_slices_and_lets_others_have_their_turn(crowd, monkeypatch, django_assert_num_queries):
    turns = []
    monkeypatch.setattr(session_recheck, "RECHECK_SLICE", 5)
    monkeypatch.setattr(session_recheck, "give_way", lambda: turns.append("others'"))
    User.objects.filter(username="person5").update(is_banned=True)
    with django_assert_num_queries(3 * 2 + 1):
        session_recheck.recheck()
    assert turns == ["others'"] * 2
    assert [connection.closed for connection in crowd] == [False] * 10 + [True, True]


def test_only_those_who_look_different_are_judged(crowd, monkeypatch):
    judged, standings = [], credentials.ended
    monkeypatch.setattr(credentials, "ended", lambda some: judged.extend(some) or standings(some))
    session_recheck.recheck()
    assert judged == []
    Session.objects.filter(session_key=crowd[0].identity.session_key).delete()
    session_recheck.recheck()
    assert judged == [crowd[0]]
    assert crowd[0].closed


def test_one_whose_session_changed_and_is_good_is_judged_once(by_session, owner, monkeypatch):
    connection = by_session(owner)
    client = Client()
    client.cookies["sessionid"] = connection.identity.session_key
    session = client.session
    session["theme"] = "dark"
    session.save()
    judged, standings = [], credentials.ended
    monkeypatch.setattr(credentials, "ended", lambda some: judged.extend(some) or standings(some))
    session_recheck.recheck()
    session_recheck.recheck()
    assert (judged, connection.closed) == ([connection], False)


def test_a_token_that_became_anothers_is_none_of_mine(by_token, owner, member):
    connection = by_token(owner)
    owner.tokens.update(user=member)
    looks = session_recheck.fetch_evidence([connection])
    assert [look.n for look in looks] == [0]


def test_who_is_told_before_the_recheck_ends_them_is_told_by_the_hook(by_session, owner, monkeypatch):
    connection = by_session(owner)
    owner.set_password("another pass phrase")
    User.objects.filter(pk=owner.pk).update(password=owner.password)
    with TestCase.captureOnCommitCallbacks(execute=False) as hooks:
        owner.end_all_but(session_key=connection.identity.session_key)
    monkeypatch.setattr(session_recheck, "settle", lambda: [hook() for hook in hooks])
    session_recheck.recheck()
    assert connection.closed
    assert re.findall('"code":"([^"]*)"', connection.channel.text) == ["renewed"]
