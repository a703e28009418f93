"""One person at several doors at once: a total is a total, and a block holds for what begins at the same moment."""

import uuid

import pytest

from chatsite.contract.errors import Forbidden, QuotaExceeded
from messaging import services as messages
from rooms import directs, services
from rooms.membership import blocks, membership
from rooms.membership.invites import make_room_invite
from rooms.models import Membership, Room
from tests.support.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)

DOORS = 6


def refused_of(acts):
    """The errors' types, of all that were done at the same time."""
    return [type(failure) for failure in at_once(*acts)]


def test_rooms_made_at_once_are_no_more_than_the_total(owner, settings):
    settings.ROOMS_PER_USER = 2
    refused = refused_of([lambda n=n: services.create_room(owner, f"Room {n}") for n in range(DOORS)])
    assert Room.objects.filter(created_by=owner).count() == 2
    assert refused == [QuotaExceeded] * (DOORS - 2)


def test_members_added_at_once_are_no_more_than_the_total(owner, make_person, settings):
    rooms = [services.create_room(owner, f"Room {n}") for n in range(DOORS)]
    make_person("guest")
    settings.ADDITIONS_PER_USER = 2
    refused = refused_of(
        [lambda room=room: membership.add_member(owner, room.slug, "guest") for room in rooms]
    )
    assert Membership.objects.filter(added_by=owner).count() == 2
    assert refused == [QuotaExceeded] * (DOORS - 2)


def test_links_made_at_once_are_no_more_than_the_total(owner, private_room, settings):
    settings.INVITES_PER_USER = 2
    refused = refused_of([lambda: make_room_invite(owner, "board") for _ in range(DOORS)])
    assert private_room.invites.count() == 2
    assert refused == [QuotaExceeded] * (DOORS - 2)


@pytest.mark.parametrize("turn", range(5))
def test_who_is_blocked_while_they_begin_to_talk_cannot_write(owner, member, turn):
    at_once(
        lambda: directs.open_direct(owner, ["member"]), lambda: blocks.block_person(member, owner.username)
    )
    room = Room.objects.filter(kind="direct").first()
    with pytest.raises(Forbidden):
        messages.send(owner, room.slug, "x", uuid.uuid4()) if room else directs.open_direct(owner, ["member"])


@pytest.mark.parametrize("turn", range(5))
def test_who_blocks_a_room_while_they_are_added_is_out(owner, stranger, public_room, turn):
    at_once(
        lambda: membership.add_member(owner, "lobby", "stranger"),
        lambda: blocks.block_room(stranger, "lobby"),
    )
    out = not public_room.memberships.filter(user=stranger).exists()
    assert out or not stranger.room_blocks.exists()
