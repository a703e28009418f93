"""Of rooms in which messages concern nobody in particular, only those are read that call somebody."""

import pytest

from accounts.models import SiteSettings
from notifications import consumer, facts, services
from rooms import services as rooms
from rooms.log.consumers import positions
from rooms.models import Room

pytestmark = pytest.mark.django_db


def site_wants_all(*people):
    SiteSettings.objects.update_or_create(pk=1, defaults={"notification_level": "all"})


def read(room):
    """The seqs of what the consumer gets of a room, of all that was written."""
    head = Room.objects.get(pk=room.pk).head
    ranges, sieved = {room.pk: (0, head)}, facts.calm_rooms([room.pk])
    found = positions.lines(ranges, sorted(consumer.EVENTS), consumer.SIEVE, sieved)
    return [line.seq for line in found[room.pk]]


# What was chosen by the stranger, who isn't in the room, and its two members, and whether the room is calm then.
CHOICES = {
    "nothing": (lambda stranger, *_: None, True),
    "a stranger all": (lambda stranger, *_: services.change_preferences(stranger, level="all"), True),
    "a stranger a keyword": (
        lambda stranger, *_: services.change_preferences(stranger, words=["lathe"]),
        True,
    ),
    "a member all, here": (lambda _, member, owner: rooms.set_level(member, "board", "all"), False),
    "a member all": (lambda _, member, owner: services.change_preferences(member, level="all"), False),
    "a member a keyword": (
        lambda _, member, owner: services.change_preferences(member, words=["lathe"]),
        False,
    ),
    "the site all": (site_wants_all, False),
}
# The same, where the site's level is `all`.
LESS = {
    "one less": (lambda member, owner: services.change_preferences(member, level="mentions"), False),
    "both less": (
        lambda *both: [services.change_preferences(each, level="mentions") for each in both], True
    ),
    "both none, here": (lambda *both: [rooms.set_level(each, "board", "none") for each in both], True),
}  # fmt: skip


@pytest.mark.parametrize(("choose", "calm"), CHOICES.values(), ids=CHOICES)
def test_a_room_is_calm_where_nobody_wants_more_than_mentions(
    choose, calm, owner, member, stranger, private_room
):
    choose(stranger, member, owner)
    assert (private_room.pk in facts.calm_rooms([private_room.pk])) == calm


@pytest.mark.parametrize(("choose", "calm"), LESS.values(), ids=LESS)
def test_ones_own_level_counts_before_the_sites(choose, calm, owner, member, private_room):
    site_wants_all()
    choose(member, owner)
    assert (private_room.pk in facts.calm_rooms([private_room.pk])) == calm


def test_a_room_of_two_is_never_calm(owner, member):
    room, _ = rooms.open_direct(owner, ["member"])
    assert facts.calm_rooms([room.pk]) == set()


def test_of_a_calm_room_only_what_may_call_somebody_is_read(owner, member, private_room, say):
    bodies = ("nobody in particular", "@member", "to \uff20member", "a@b.example", "100 % of nobody")
    said = [say(owner, private_room, body) for body in bodies]
    told = [message.seq for message in said[1:4]]
    assert read(private_room) == told
    # Whoever stored them says the same without reading them.
    assert [message.seq for message in said if consumer.SIEVE.concerns(message)] == told
    rooms.set_level(member, "board", "all")
    assert len(read(private_room)) == len(told) + 2


def test_many_rooms_are_asked_of_in_one_query(owner, private_room, public_room, django_assert_num_queries):
    ids = [private_room.pk, public_room.pk]
    with django_assert_num_queries(1):
        assert facts.calm_rooms(ids) == set(ids)
