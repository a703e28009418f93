"""Unread is the log beyond one's place, counted by what it leaves out."""

import random
import uuid

import pytest

from messaging import services
from messaging.models import Message
from messaging.reactions.services import react, unreact
from rooms.membership import membership
from rooms.models import Event, Membership, Room
from rooms.payloads import room_payload
from rooms.unread.room_counts import counted_memberships, counts_of

pytestmark = pytest.mark.django_db


def one_by_one(mine):
    beyond = Event.objects.filter(
        room=mine.room, seq__gt=mine.read_seq, event="chat-message", retracted=False
    )
    return sum(event.user_id != mine.user_id for event in beyond)


def do_something(room, people, guests, chance):
    standing = Message.objects.filter(room=room).standing()
    some = chance.choice(standing) if standing else None
    what = chance.choice(["send"] * 5 + ["edit", "delete", "hide", "restore", "react", "come", "go"])
    if what == "send" or some is None:
        services.send(chance.choice(people), room.slug, "words", uuid.uuid4())
    elif what == "edit":
        services.edit(some.sender, some.pk, f"{chance.random()}")
    elif what == "delete":
        services.delete(some.sender, some.pk)
    elif what == "hide":
        services.hide(some, people[0])
    elif what == "restore" and Message.objects.exclude(hidden_at=None).exists():
        services.restore(Message.objects.exclude(hidden_at=None).first(), people[0])
    elif what == "react":
        chance.choice([react, unreact])(people[0], some.pk, "👍")
    elif what == "come":
        membership.join_room(chance.choice(guests), room.slug)
    elif what == "go":
        membership.leave_room(people[1], room.slug)
        membership.join_room(people[1], room.slug)


@pytest.mark.parametrize("seed", range(3))
def test_unread_is_what_one_would_count(owner, member, stranger, make_person, public_room, seed):
    chance = random.Random(seed)
    membership.join_room(member, public_room.slug)
    guests = [stranger, make_person("guest")]
    for _ in range(40):
        do_something(public_room, [owner, member], guests, chance)
    head = Room.objects.get(pk=public_room.pk).head
    for read_seq in range(head + 1):
        Membership.objects.filter(room=public_room).update(read_seq=read_seq)
        counted = {mine.pk: mine for mine in counted_memberships(Membership.objects.filter(room=public_room))}
        told = {(counts.user_id, counts.unread, counts.mentions) for counts in counts_of(counted)}
        assert told == {(mine.user_id, mine.unread, mine.mentions) for mine in counted.values()}
        for mine in counted.values():
            assert mine.unread == one_by_one(mine)
            assert room_payload(mine.user, public_room)["unread"] == mine.unread


def test_nothing_is_unread_for_who_is_no_member_or_is_ahead_of_a_restored_log(owner, stranger, public_room):
    services.send(owner, public_room.slug, "words", uuid.uuid4())
    assert room_payload(stranger, public_room)["unread"] == 0
    Membership.objects.filter(room=public_room).update(read_seq=1_000)
    assert room_payload(owner, public_room)["unread"] == 0
    assert counted_memberships(Membership.objects.filter(user=owner, room=public_room)).get().unread == 0


def test_a_message_of_nobody_is_unread(owner, member, public_room):
    membership.join_room(member, public_room.slug)
    services.send(owner, public_room.slug, "words", uuid.uuid4())
    Event.objects.update(user=None)
    mine = counted_memberships(Membership.objects.filter(room=public_room, user=member)).get()
    assert mine.unread == one_by_one(mine) == 1
