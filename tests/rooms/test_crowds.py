import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from rooms import crowds

pytestmark = pytest.mark.django_db


def test_who_shares_a_small_room_hears(settings, owner, member, stranger, private_room):
    settings.PRESENCE_ROOM_SIZE = 2
    heard = crowds.audience([owner.pk, stranger.pk])
    assert heard[owner.pk] == {owner.pk, member.pk}, (
        "of the private room, and not of #general, where three are"
    )
    assert heard.get(stranger.pk, set()) == set()
    settings.PRESENCE_ROOM_SIZE = 3
    assert crowds.audience([stranger.pk])[stranger.pk] == {owner.pk, member.pk, stranger.pk}


def test_a_crowd_costs_as_many_queries_as_one(owner, member, stranger, make_person, private_room):
    def queries(*people):
        with CaptureQueriesContext(connection) as captured:
            crowds.audience([person.pk for person in people])
        return len(captured)

    crowd = [make_person(f"person{number}") for number in range(20)]
    assert queries(*crowd) == queries(owner) == 2
