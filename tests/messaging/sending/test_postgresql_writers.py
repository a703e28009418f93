"""Several who write into the same rooms at once, each with a connection of their own, as processes have."""

import threading
import uuid

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from chatsite.contract.errors import Archived, Forbidden, Muted, QuotaExceeded
from chatsite.realtime.delivery import peers
from chatsite.realtime.queues.group_commit import GroupCommit
from files.models import Blob, File
from messaging import services
from messaging.models import Message
from messaging.sending.batch import Batch, PlainBatch, prepared, store, store_all
from messaging.sending.drafts import Draft
from messaging.sending.sql import Row, write
from rooms import access
from rooms.log import log
from rooms.membership import membership
from rooms.models import Event, Room
from rooms.services import archive, create_room, update_room
from tests.support.servers.postgres_locks import until_waiting
from tests.support.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 25


def gapless(room):
    head = Room.objects.get(pk=room.pk).head
    seqs = list(Event.objects.filter(room=room).order_by("seq").values_list("seq", flat=True))
    return seqs == list(range(1, head + 1))


@pytest.fixture
def rooms(owner):
    return [create_room(owner, f"Room {n}") for n in range(3)]


def test_batches_into_the_same_rooms_leave_no_hole_and_never_wait_for_each_other_in_a_ring(owner, rooms):
    def say(order):
        for _ in range(ROUNDS):
            drafts = [Draft(owner, rooms[n].slug, "hello", uuid.uuid4()) for n in order]
            outcomes = store_all(drafts)
            assert all(isinstance(outcome, tuple) and outcome[1] for outcome in outcomes), outcomes

    assert not at_once(*(lambda order=order: say(order) for order in ((0, 1, 2), (2, 1, 0), (1, 0, 2, 0))))
    assert Message.objects.count() == ROUNDS * 10
    assert all(gapless(room) for room in rooms)


def test_a_batch_holds_its_rooms_until_it_is_published_and_none_in_a_transaction(owner, rooms, monkeypatch):
    """What this process sends into a room that it holds for ever would reach no other."""
    said = []
    monkeypatch.setattr(peers.site, "there", True)
    monkeypatch.setattr(peers.site, "hold", lambda slugs: said.append(("hold", *slugs)))
    monkeypatch.setattr(peers.site, "to_log", lambda slug, payload, seq: said.append((seq, slug)))
    monkeypatch.setattr(peers.site, "release", lambda slugs: said.append(("release", *slugs)))
    slug = rooms[0].slug

    def say():
        assert isinstance(store_all([Draft(owner, slug, "hello", uuid.uuid4())])[0], tuple)

    with transaction.atomic():
        say()
        transaction.set_rollback(True)
    assert said == []
    with transaction.atomic():
        say()
    head = Room.objects.get(slug=slug).head
    assert said == [(head, slug)]
    say()
    assert said[1:] == [("hold", slug), (head + 1, slug), ("release", slug)]


def test_edits_and_renames_beside_answers_to_the_same_message(owner, rooms):
    room = rooms[0]
    first, _ = services.send(owner, room.slug, "first", uuid.uuid4())

    def answer():
        for _ in range(ROUNDS):
            draft = Draft(owner, room.slug, "an answer", uuid.uuid4(), reply_to=first.pk)
            assert isinstance(store_all([draft])[0], tuple)

    def edit():
        for n in range(ROUNDS):
            services.edit(owner, first.pk, f"edited {n}")

    def rename():
        for n in range(ROUNDS):
            update_room(owner, room.slug, topic=f"topic {n}")

    assert not at_once(answer, answer, edit, rename)
    assert gapless(room)
    events = log.read(Room.objects.get(pk=room.pk), 0)["events"]
    assert [event["data"]["seq"] for event in events] == list(range(1, len(events) + 1))


@pytest.mark.parametrize("prepare", [Batch, prepared])
def test_the_same_client_id_at_once_is_stored_once(owner, rooms, prepare):
    key, answers = uuid.uuid4(), []

    def send():
        # A process's own: those of the site are for greenlets of one thread.
        batches = GroupCommit(store, prepare=prepare)
        answers.extend(batches._outcomes([Draft(owner, rooms[0].slug, "once", key)]))

    assert not at_once(*[send] * 6)
    assert len({message.pk for message, _ in answers}) == 1
    assert [new for _, new in answers].count(True) == 1
    assert gapless(rooms[0])


def row_of(owner, room, **changed):
    row = Row(
        membership_id=room.memberships.get(user=owner).pk,
        room_id=room.pk,
        sender_id=owner.pk,
        client_id=uuid.uuid4().hex,
        fingerprint="",
        body="hello",
        html="",
        reply_to_id=None,
        folded=None,
    )
    return Row(**{**row, **changed})


def test_what_the_commit_refuses_is_raised_and_not_stored(owner, rooms):
    """Foreign keys are looked at when the statement's transaction ends, behind its rows."""
    with pytest.raises(IntegrityError):
        write([row_of(owner, rooms[0], reply_to_id=1_000_000)], timezone.now())
    assert not Message.objects.exists()
    assert gapless(rooms[0])
    assert connection.is_usable()


def test_a_message_is_stored_only_as_its_membership_says(owner, member, rooms):
    """No foreign key looks at its room and its sender."""
    membership.grant(rooms[0], member)
    rows = [
        row_of(owner, rooms[0]),
        row_of(owner, rooms[0], sender_id=owner.pk + 1_000),
        row_of(owner, rooms[0], sender_id=member.pk),
        row_of(owner, rooms[0], room_id=rooms[1].pk),
    ]
    assert [bool(stored) for stored in write(rows, timezone.now())] == [True, False, False, False]
    assert Message.objects.get().room == rooms[0]
    assert all(gapless(room) for room in rooms)


def test_a_batch_larger_than_the_sockets_buffer(owner, rooms):
    body = 'snowman ☃ and family 👩‍👩‍👧 "quoted" \\ % %s {braces} \'; -- ' * 150
    drafts = [Draft(owner, rooms[0].slug, body, uuid.uuid4()) for _ in range(400)]
    outcomes = store_all(drafts)
    assert [message.body for message, _ in outcomes] == [body] * 400
    assert set(Message.objects.values_list("body", flat=True)) == {body}
    assert gapless(rooms[0])


def stored_against(change, batch):
    """What comes of a batch that was looked at: its write waits for `change`, whose transaction isn't committed yet."""
    begun, outcomes = threading.Event(), []

    def commit_late():
        with transaction.atomic():
            change()
            begun.set()
            until_waiting()

    def send():
        begun.wait(60)
        assert isinstance(batch, PlainBatch) or not batch.is_stale
        outcomes.extend(store(batch))

    assert not at_once(commit_late, send)
    return outcomes


@pytest.mark.parametrize("kind", [Batch, PlainBatch])
@pytest.mark.parametrize("what", ["removed", "archived"])
def test_whoever_is_put_out_at_that_moment_is_waited_for(owner, member, rooms, what, kind):
    """The look is done, and the other's transaction isn't committed: only the write can find out."""
    room = rooms[0]
    membership.grant(room, member)
    drafts = [Draft(owner, room.slug, "mine", uuid.uuid4()), Draft(member, room.slug, "theirs", uuid.uuid4())]

    def change():
        if what == "removed":
            membership.revoke(room, member)
        else:
            archive(Room.objects.get(pk=room.pk), owner)

    mine, theirs = outcomes = stored_against(change, kind(drafts))
    if what == "removed":
        assert mine[1]
        assert isinstance(theirs, Forbidden)
    else:
        assert [type(outcome) for outcome in outcomes] == [Archived] * 2
    assert not Message.objects.filter(body="theirs").exists()
    assert gapless(room)


@pytest.mark.parametrize("kind", [Batch, PlainBatch])
def test_whoever_was_muted_in_another_process_after_the_look_is_not_heard(owner, member, rooms, kind):
    """Whose word that they are muted comes later."""
    membership.grant(rooms[0], member)
    batch = kind([Draft(user, rooms[0].slug, user.username, uuid.uuid4()) for user in (owner, member)])
    rooms[0].memberships.filter(user=member).update(muted=True)
    mine, theirs = store(batch)
    assert mine[1]
    assert isinstance(theirs, Muted)
    assert list(Message.objects.values_list("body", flat=True)) == [owner.username]
    assert gapless(rooms[0])


@pytest.mark.parametrize("kind", [Batch, PlainBatch])
def test_a_removal_and_a_message_of_who_is_removed_never_wait_for_each_other_in_a_ring(
    owner, member, rooms, kind
):
    room, begun = rooms[0], threading.Event()
    membership.grant(room, member)
    batch = kind([Draft(user, room.slug, user.username, uuid.uuid4()) for user in (owner, member)])

    def remove():
        with transaction.atomic():
            access.locked(room)
            begun.set()
            until_waiting()
            membership.revoke(room, member)

    def send():
        begun.wait(60)
        store(batch)

    assert not at_once(remove, send)
    assert list(Message.objects.values_list("body", flat=True)) == [owner.username]
    assert gapless(room)


def test_files_passed_on_at_once_are_no_more_than_the_total(owner, member, rooms, upload, settings):
    for room in rooms:
        membership.grant(room, member)
    file = upload(owner, rooms[0])
    said, _ = services.send(owner, rooms[0].slug, "", uuid.uuid4(), files=[file.pk])
    Blob.objects.update(size=400_000)
    settings.FILES_PER_USER_MB = 1

    def forward(room):
        draft = Draft(member, room.slug, "", uuid.uuid4(), forward=said.pk)
        # A process's own: those of the site are for greenlets of one thread.
        [outcome] = GroupCommit(store, prepare=Batch)._outcomes([draft])
        if isinstance(outcome, Exception):
            raise outcome

    failures = at_once(*(lambda room=room: forward(room) for room in rooms * 2))
    assert [type(failure) for failure in failures] == [QuotaExceeded] * 4
    assert File.objects.filter(owner=member).count() == 2
