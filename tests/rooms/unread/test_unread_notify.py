"""Who hears `room-activity`, and that nothing is asked where nobody is to hear it."""

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from chatsite.realtime.delivery import moves, revocation, subscriptions
from chatsite.realtime.delivery.identity import Identity
from rooms import services
from rooms.membership import membership, membership_events
from rooms.models import Membership
from rooms.unread import members_elsewhere, unread_notify

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch):
    """Forget what is known of rooms, as the next test's people have the same ids; nothing runs by itself."""
    monkeypatch.setattr(members_elsewhere, "_known", {})
    monkeypatch.setattr(membership_events.added, "later", lambda seconds, act: None)
    yield
    membership_events.added.waiting.clear()


@pytest.fixture
def connect(attach_connection):
    return lambda user, *rooms: attach_connection(
        Identity(user.pk, user.username), *(room.slug for room in rooms)
    )


def told(connection):
    """Return the rooms of which the connection heard since the last call."""
    events = [data["room"] for name, data in connection.channel.events if name == "room-activity"]
    connection.channel.frames.clear()
    return events


def queries(*rooms):
    """Send for the rooms; return the number of queries."""
    with CaptureQueriesContext(database) as captured:
        unread_notify.send_for_rooms([room.slug for room in rooms])
    return len(captured)


@pytest.fixture
def lobby(owner, member):
    room = services.create_room(owner, "Lobby")
    membership.grant(room, member)
    return room


def test_nothing_is_asked_where_everybody_has_joined(connect, lobby, private_room, owner, member):
    tabs = [connect(owner, lobby), connect(member, lobby, private_room), connect(member, lobby)]
    assert queries(lobby) == 0
    assert [told(tab) for tab in tabs] == [[], [], []]


def test_nothing_is_asked_again_where_nobody_is_elsewhere(connect, lobby, owner, member, stranger):
    """The stranger, who is connected, is no member."""
    tabs = [connect(owner, lobby), connect(member, lobby), connect(stranger)]
    assert queries(lobby) == 1
    assert [queries(lobby) for _ in range(3)] == [0, 0, 0]
    assert [told(tab) for tab in tabs] == [[], [], []]


def test_many_rooms_take_as_many_queries_as_one(connect, lobby, private_room, owner, member):
    connect(owner, lobby), connect(member)
    assert queries(lobby, private_room) == 2
    assert queries(lobby, private_room) == 1, "the counts, of whoever is known to be elsewhere"


def test_of_two_tabs_the_one_elsewhere_hears(connect, lobby, private_room, owner, member, stranger):
    inside, aside, other, strange = (
        connect(member, lobby),
        connect(member, private_room),
        connect(owner, lobby),
        connect(stranger),
    )
    for _ in range(2):
        queries(lobby)
        assert [told(tab) for tab in (inside, aside, other, strange)] == [[], ["lobby"], [], []]


def test_whoever_connects_or_leaves_the_room_hears_from_then_on(connect, lobby, private_room, owner, member):
    first = connect(owner, lobby), connect(member, lobby)
    assert queries(lobby) == 0
    connect(owner, lobby)
    second = connect(member, private_room)
    assert queries(lobby) == 2
    assert told(second) == ["lobby"]
    subscriptions.unsubscribe(first[1], "lobby")
    subscriptions.detach(second)
    assert queries(lobby) == 2, "who moved, and the counts"
    assert [told(tab) for tab in first] == [[], ["lobby"]]
    subscriptions.subscribe(first[1], "lobby")
    assert queries(lobby) == 0
    assert told(first[1]) == []


@pytest.mark.parametrize("here", [True, False])
def test_a_new_member_hears_whichever_process_took_them_in(
    here, connect, lobby, owner, stranger, django_capture_on_commit_callbacks
):
    connect(owner, lobby)
    theirs = connect(stranger)
    assert queries(lobby) == 1
    with django_capture_on_commit_callbacks(execute=here):
        membership.grant(lobby, stranger)
    if not here:
        membership_events.enqueue_added("lobby", [stranger.pk])
    assert queries(lobby) == 2
    assert told(theirs) == ["lobby"]


def test_a_new_member_of_whom_no_word_came_hears_after_a_while(connect, lobby, owner, stranger, monkeypatch):
    connect(owner, lobby)
    theirs = connect(stranger)
    queries(lobby)
    membership.grant(lobby, stranger)
    assert queries(lobby) == 0
    monkeypatch.setattr(members_elsewhere, "monotonic", lambda: 1e12)
    queries(lobby)
    assert told(theirs) == ["lobby"]


def test_who_is_no_member_any_more_hears_nothing(connect, lobby, owner, member):
    connect(owner, lobby)
    inside, aside = connect(member, lobby), connect(member)
    queries(lobby)
    assert told(aside) == ["lobby"]
    Membership.objects.filter(room=lobby, user=member).delete()
    queries(lobby)
    revocation.evict(member.pk, "lobby")
    queries(lobby)
    assert told(inside) == told(aside) == []


def test_a_crowd_that_moved_is_found_by_reading_the_members(connect, lobby, private_room, owner, make_person):
    connect(owner, lobby), connect(owner, private_room)
    queries(lobby)
    crowd = [make_person(f"person{n}") for n in range(moves.REMEMBERED + 1)]
    membership.admit(lobby, crowd)
    tabs = [connect(person) for person in crowd]
    assert queries(lobby) == 2
    assert {tuple(told(tab)) for tab in tabs} == {("lobby",)}


def test_what_is_kept_is_bounded(connect, lobby, private_room, owner, member, monkeypatch):
    tabs = connect(owner), connect(member)
    monkeypatch.setattr(members_elsewhere, "MAX_ROOMS", 1)
    queries(lobby, private_room)
    queries(lobby, private_room)
    assert [sorted(told(tab)) for tab in tabs] == [["board"] * 2 + ["lobby"] * 2] * 2
    assert len(members_elsewhere._known) == 1
    monkeypatch.setattr(members_elsewhere, "MAX_PEOPLE", 1)
    members_elsewhere._known.clear()
    queries(lobby, private_room)
    assert [sorted(told(tab)) for tab in tabs] == [["board", "lobby"]] * 2
    assert members_elsewhere._known == {}
