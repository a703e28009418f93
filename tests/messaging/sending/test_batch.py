"""Many drafts in one transaction: each gets its own outcome, and the log no hole."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.authentication import credentials
from accounts.models import User
from accounts.services import moderation
from chatsite.contract.errors import Archived, Conflict, Forbidden, Invalid, Muted, NotFound
from chatsite.database import sql
from chatsite.realtime.delivery import peers
from messaging import services as messaging
from messaging.models import Message
from messaging.payloads import message_payload
from messaging.sending.batch import Batch, batches, store, store_all
from messaging.sending.drafts import Draft
from rooms import services
from rooms.log import log
from rooms.membership import membership
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


def test_who_has_no_account_any_more_sends_nothing(owner, private_room):
    gone = User(pk=owner.pk + 1_000_000, username="gone")
    outcomes = store_all([draft(gone, private_room), draft(owner, private_room)])
    assert isinstance(outcomes[0], credentials.SessionEnded)
    assert outcomes[1][1] is True


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


@pytest.mark.parametrize(
    ("postgresql", "others", "halved"), [(True, False, True), (True, True, False), (False, False, False)]
)
def test_batches_share_what_is_under_way_where_that_costs_nobody_else(
    monkeypatch, postgresql, others, halved
):
    monkeypatch.setattr(sql, "postgresql", lambda: postgresql)
    monkeypatch.setattr(peers.site, "there", others)
    assert batches._shares() is halved


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


class TestBetweenTheLookAndTheWrite:
    """A batch is looked at while the one before is committed; much may happen until its turn."""

    @pytest.fixture
    def late(self, private_room, member):
        return Batch([draft(member, private_room)])

    @pytest.fixture(autouse=True)
    def at_once(self, monkeypatch):
        """What follows a commit, which a test never sees."""
        monkeypatch.setattr("django.db.transaction.on_commit", lambda function, **options: function())

    @pytest.mark.parametrize(
        ("change", "error"),
        [
            (lambda room, owner, member: membership.remove_member(owner, room.slug, "member"), NotFound),
            (lambda room, owner, member: membership.ban(owner, room.slug, "member"), NotFound),
            (
                lambda room, owner, member: membership.change_member(owner, room.slug, "member", muted=True),
                Muted,
            ),
            (lambda room, owner, member: services.set_archived(owner, room.slug, True), Archived),
            (lambda room, owner, member: moderation.ban(member), credentials.SessionEnded),
            (lambda room, owner, member: moderation.deactivate(member), credentials.SessionEnded),
        ],
        ids=["removed", "banned", "muted", "archived", "banned from the site", "deactivated"],
    )
    def test_who_may_no_longer_write_does_not(self, late, private_room, owner, member, change, error):
        change(private_room, owner, member)
        assert [type(outcome) for outcome in store(late)] == [error]
        assert not Message.objects.exists()

    def test_a_repeat_finds_what_the_batch_before_stored(self, owner, private_room):
        one = draft(owner, private_room)
        first, repeat = Batch([one]), Batch([draft(owner, private_room, client_id=one.client_id)])
        [(message, new)] = store(first)
        assert new
        assert store(repeat) == [(message, False)]

    def test_a_quoted_message_is_quoted_as_it_is_then(self, owner, private_room):
        [(quoted, _)] = store_all([draft(owner, private_room, "a secret")])
        late = Batch([draft(owner, private_room, reply_to=quoted.pk)])
        messaging.delete(owner, quoted.pk)
        [(message, _)] = store(late)
        assert message_payload(message)["reply_to"]["body"] == ""


def test_a_room_that_is_not_theirs_is_asked_for_once(stranger, private_room):
    def queries(count):
        with CaptureQueriesContext(connection) as captured:
            outcomes = store_all([draft(stranger, private_room) for _ in range(count)])
        assert {type(outcome) for outcome in outcomes} == {NotFound}
        return len(captured)

    assert queries(20) == queries(1)
