"""Who gets what, and who doesn't; without a server."""

import pytest
from eventlet import hubs

from chatsite.realtime.delivery import delivery, revocation, subscriptions
from chatsite.realtime.delivery.identity import Identity


@pytest.fixture
def attach(attach_connection):
    attached = []

    def attach(user_id, *rooms, session_key=None, token_id=None):
        identity = Identity(user_id, f"user{user_id}", session_key, token_id)
        attached.append(attach_connection(identity, *rooms))
        return attached[-1]

    yield attach
    for connection in attached:
        subscriptions.detach(connection)
    assert not subscriptions._rooms
    assert not subscriptions._users


def events(connection):
    return [list(event) for event in connection.channel.events]


def test_a_room_hears_and_others_do_not(attach):
    ada, bob, eve = attach(1, "a"), attach(2, "a", "b"), attach(3, "b")
    delivery.to_room("a", "said", {"n": 1})
    assert events(ada) == events(bob) == [["said", {"n": 1}]]
    assert events(eve) == []


def test_everyone_shares_one_frame(attach):
    ada, bob = attach(1, "a"), attach(2, "a")
    delivery.to_room("a", "said", {"n": 1})
    assert ada.channel.frames[0] is bob.channel.frames[0]


def test_typing_skips_the_typists_own_tabs(attach):
    tab, other, bob = attach(1, "a"), attach(1, "a"), attach(2, "a")
    delivery.to_room("a", "typing", {}, skip_user=1, droppable=True)
    assert events(tab) == events(other) == []
    assert bob.channel.droppable == [True]


def test_activity_goes_to_tabs_that_have_not_joined(attach):
    joined, elsewhere = attach(1, "a"), attach(1, "b")
    delivery.to_user(1, "room-activity", {}, unless_joined="a")
    assert events(joined) == []
    assert events(elsewhere) == [["room-activity", {}]]


def test_an_evicted_user_hears_nothing_more_on_any_tab(attach):
    tabs, bob = [attach(1, "a"), attach(1, "a", "b")], attach(2, "a")
    revocation.evict(1, "a")
    delivery.to_room("a", "said", {})
    assert [events(tab) for tab in tabs] == [[], []]
    assert len(events(bob)) == 1
    assert tabs[1].rooms == {"b"}


@pytest.mark.parametrize("which", [{}, {"session_key": "k1"}, {"token_id": 7}])
def test_ending_sessions_ends_those_it_names(attach, which):
    by_key, by_token, other = attach(1, session_key="k1"), attach(1, token_id=7), attach(2, session_key="k1")
    revocation.end_sessions(1, "banned", **which)
    ended = [connection for connection in (by_key, by_token, other) if connection.closed]
    expected = {"session_key": [by_key], "token_id": [by_token]}.get(
        next(iter(which), ""), [by_key, by_token]
    )
    assert ended == expected
    for connection in ended:
        assert connection.channel.payloads == ['42["session-ended",{"code":"banned"}]', "41"]
        assert connection.channel.closed


def test_who_is_gone_cannot_subscribe_any_more(attach):
    ada = attach(1)
    subscriptions.detach(ada)
    subscriptions.subscribe(ada, "a")
    delivery.to_room("a", "said", {})
    assert ada.rooms == set()
    assert subscriptions.subscribers("a") == []
    assert events(ada) == []


def test_detaching_twice_is_harmless(attach):
    ada, tab = attach(1, "a"), attach(1, "a")
    subscriptions.detach(ada)
    subscriptions.detach(ada)
    assert subscriptions.connections(1) == [tab]


def test_delivery_never_raises(attach, caplog):
    attach(1, "a").channel.push = None
    delivery.to_room("a", "said", {})
    delivery.to_user(1, "said", {})
    delivery.to_room("a", "said", {"cyclic": float})
    assert "to_room failed" in caplog.text


def test_publishing_never_gives_way_to_another_greenlet(attach, monkeypatch):
    """Reliability 16: a yield inside a transaction froze everybody for SQLite's busy timeout."""

    def switch():
        raise AssertionError("gave way")

    monkeypatch.setattr(hubs.get_hub(), "switch", switch)
    attach(1, "a")
    delivery.to_room("a", "said", {})
    delivery.to_user(1, "said", {})
    revocation.evict(1, "a")
    revocation.end_sessions(1, "banned")


def test_nobody_there_costs_no_encoding():
    delivery.to_room("empty", "said", object())
    delivery.to_user(99, "said", object())
