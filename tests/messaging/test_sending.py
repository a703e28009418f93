"""Many drafts in one transaction: each gets its own outcome, and the log no hole."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chatsite.errors import Archived, Conflict, Forbidden, Invalid, NotFound
from messaging.models import Message
from messaging.sending import Draft, store_all
from rooms import log, services
from rooms.models import Event, Mention, Room

pytestmark = pytest.mark.django_db


def draft(user, room, body="hello", client_id=None, reply_to=None):
    return Draft(user, room.slug, body, client_id or uuid.uuid4(), reply_to)


def test_each_takes_its_place_in_its_rooms_log(owner, member, private_room, public_room):
    drafts = [
        draft(owner, private_room, "1"),
        draft(member, public_room, "2"),
        draft(member, private_room, "3"),
    ]
    messages = [message for message, new in store_all(drafts)]
    assert [(m.room, m.seq, m.body) for m in messages] == [
        (private_room, 3, "1"),
        (public_room, 3, "2"),
        (private_room, 4, "3"),
    ]
    for room in (private_room, public_room):
        seqs = list(Event.objects.filter(room=room).order_by("seq").values_list("seq", flat=True))
        assert seqs == list(range(1, Room.objects.get(pk=room.pk).head + 1))
    events = log.read(private_room, 2)["events"]
    assert [event["data"]["body"] for event in events] == ["1", "3"]


def test_a_bad_one_fails_alone(owner, member, stranger, private_room, public_room):
    archived = services.create_room(owner, "Old")
    services.set_archived(owner, archived.slug, True)
    drafts = [
        draft(owner, private_room),
        draft(stranger, private_room),
        draft(stranger, public_room),
        draft(owner, private_room, "  "),
        draft(owner, private_room, reply_to=999),
        draft(owner, archived),
        draft(member, private_room),
    ]
    outcomes = store_all(drafts)
    assert [type(outcome) for outcome in outcomes] == [
        tuple,
        NotFound,
        Forbidden,
        Invalid,
        Invalid,
        Archived,
        tuple,
    ]
    assert list(Message.objects.values_list("seq", flat=True)) == [3, 4]


def test_the_same_client_id_twice_in_one_batch_is_stored_once(owner, private_room, public_room):
    key = uuid.uuid4()
    drafts = [
        draft(owner, private_room, client_id=key),
        draft(owner, private_room, client_id=key),
        draft(owner, private_room, "other", client_id=key),
        draft(owner, public_room, client_id=key),
    ]
    first, again, other, elsewhere = store_all(drafts)
    assert (first[1], again) == (True, (first[0], False))
    assert isinstance(other, Conflict)
    assert isinstance(elsewhere, Conflict)
    assert store_all(drafts[:1]) == [(first[0], False)]
    assert Message.objects.count() == 1


def test_mentions_are_of_members_and_never_of_oneself(owner, member, stranger, private_room):
    store_all(
        [
            draft(owner, private_room, "@owner @MEMBER @stranger @nobody"),
            draft(member, private_room, "@owner"),
        ]
    )
    assert set(Mention.objects.values_list("user__username", "seq")) == {("member", 3), ("owner", 4)}


def test_a_batch_costs_the_same_whatever_its_size(owner, member, private_room, public_room):
    def queries(drafts):
        with CaptureQueriesContext(connection) as captured:
            store_all(drafts)
        return len(captured)

    few = queries([draft(owner, private_room)])
    many = [draft(user, private_room, f"m{n}") for user in (owner, member) for n in range(30)]
    assert queries(many) <= few + 1
