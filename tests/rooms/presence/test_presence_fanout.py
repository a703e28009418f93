import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.presence import presence, presence_broadcast
from chatsite.realtime.delivery.identity import Identity
from rooms.models import Membership, Room
from rooms.presence import presence_fanout

pytestmark = pytest.mark.django_db


def test_who_shares_a_small_room_hears(settings, owner, member, stranger, private_room):
    settings.PRESENCE_ROOM_SIZE = 2
    heard = presence_fanout.audience([owner.pk, stranger.pk])
    assert heard[owner.pk] == {owner.pk, member.pk}, (
        "of the private room, and not of #general, where three are"
    )
    assert heard.get(stranger.pk, set()) == set()
    settings.PRESENCE_ROOM_SIZE = 3
    assert presence_fanout.audience([stranger.pk])[stranger.pk] == {owner.pk, member.pk, stranger.pk}


def test_a_crowd_costs_as_many_queries_as_one(owner, member, stranger, make_person, private_room):
    def queries(*people):
        with CaptureQueriesContext(connection) as captured:
            presence_fanout.audience([person.pk for person in people])
        return len(captured)

    crowd = [make_person(f"person{number}") for number in range(20)]
    assert queries(*crowd) == queries(owner) == 2


@pytest.fixture
def here(monkeypatch, attach_connection):
    """`here(person)` has just come."""
    monkeypatch.setattr(presence, "here", presence.MemoryPresence())
    monkeypatch.setattr(presence, "seen", {})
    monkeypatch.setattr(presence_broadcast.pending_changes, "later", lambda seconds, func: None)

    def here(person):
        one = attach_connection(Identity(person.pk, person.username, token_id=1))
        presence.here.connect(person.pk, one.sid)
        presence_broadcast.arrived(person.pk)
        return one

    return here


def test_who_comes_with_a_crowd_is_told_to_their_rooms_and_not_to_the_crowd(settings, make_person, here):
    """Rooms × their people, whatever the size of the site: not everybody to everybody."""
    settings.PRESENCE_ROOM_SIZE = 5
    people = [make_person(f"person{n}") for n in range(20)]
    rooms = [Room.objects.create(slug=f"hall-{n}", name="hall", kind="private") for n in range(4)]
    for n, person in enumerate(people):
        Membership.objects.create(room=rooms[n // 5], user=person)
    connections = [here(person) for person in people]
    with CaptureQueriesContext(connection) as captured:
        presence_broadcast.pending_changes.flush()
    assert len(captured) == 3
    for n, one in enumerate(connections):
        told = [data["user"]["username"] for event, data in one.channel.events if event == "user-connected"]
        mates = [f"person{m}" for m in range(n // 5 * 5, n // 5 * 5 + 5) if m != n]
        assert sorted(told) == sorted(mates)
