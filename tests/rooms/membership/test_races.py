"""Two at once: each looked at the room before the other's change."""

import pytest

from chatsite.contract.errors import Archived, Banned
from rooms import access, services
from rooms.membership import membership
from rooms.models import Event, Membership, Room

pytestmark = pytest.mark.django_db


def test_a_ban_while_somebody_comes_in_keeps_them_out(monkeypatch, owner, stranger, public_room):
    find, looks = access.find, []

    def find_and_be_banned(user, slug):
        found = find(user, slug)
        looks.append(user)
        if len(looks) == 1:
            membership.ban(owner, slug, stranger.username)
        return found

    monkeypatch.setattr(access, "find", find_and_be_banned)
    with pytest.raises(Banned):
        membership.join_room(stranger, public_room.slug)
    assert not Membership.objects.filter(room=public_room, user=stranger).exists()


def test_a_name_and_a_topic_at_once_are_both_told(owner, public_room):
    first, second = Room.objects.get(pk=public_room.pk), Room.objects.get(pk=public_room.pk)
    services.rename(first, owner, name="Hall")
    services.rename(second, owner, topic="News")
    told = Event.objects.filter(room=public_room, event="room-updated").latest("seq")
    assert (told.data["name"], told.data["topic"]) == ("Hall", "News")


def test_a_room_archived_meanwhile_keeps_its_name(owner, public_room):
    services.set_archived(owner, public_room.slug, True)
    with pytest.raises(Archived):
        services.rename(public_room, owner, name="Hall")
    services.archive(public_room, owner)
    assert Event.objects.filter(room=public_room, event="room-updated").count() == 1
