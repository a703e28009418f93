import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chatsite.contract.errors import Conflict, Invalid
from files.models import File
from files.storage import local
from messaging import services
from messaging.models import Message
from messaging.payloads import message_payload, message_rows
from messaging.sending.batch import store_all
from messaging.sending.drafts import Draft
from rooms.models import Room


def sent(user, room, *files, body="", client_id=None):
    ids = [file.pk for file in files]
    return services.send(user, room.slug, body, client_id or uuid.uuid4(), files=ids)


def shown(message):
    """What pages read of the message."""
    (row,) = message_rows(Message.objects.filter(pk=message.pk))
    return message_payload(row)


def test_a_message_takes_its_files_in_order_and_needs_no_text(member, private_room, upload):
    first, second = upload(member, private_room, "b.txt"), upload(member, private_room, "a.txt")
    message, created = sent(member, private_room, first, second)
    assert (created, message.body) == (True, "")
    assert [file["name"] for file in message_payload(message)["files"]] == ["b.txt", "a.txt"]
    assert shown(message) == message_payload(message)
    taken = File.objects.filter(message=message)
    assert {*taken.values_list("pk", flat=True)} == {first.pk, second.pk}
    assert all(taken.values_list("attached_at", flat=True))


def test_a_repeat_is_the_same_message_and_other_files_are_a_conflict(member, private_room, upload):
    client_id, file, other = uuid.uuid4(), upload(member, private_room), upload(member, private_room)
    message, _ = sent(member, private_room, file, client_id=client_id)
    assert sent(member, private_room, file, client_id=client_id) == (message, False)
    for files in ([other], [], [file, other]):
        with pytest.raises(Conflict):
            sent(member, private_room, *files, body="" if files else "words", client_id=client_id)


def test_of_two_messages_at_once_one_takes_a_file_and_others_are_sent(owner, member, private_room, upload):
    file = upload(member, private_room)
    drafts = [Draft(member, "board", "", uuid.uuid4(), files=[file.pk]) for _ in range(2)]
    other = Draft(owner, "board", "words", uuid.uuid4())
    first, second, third = store_all([*drafts, other])
    assert isinstance(second, Invalid)
    assert [outcome[0].body for outcome in (first, third)] == ["", "words"]
    assert File.objects.get().message == first[0]


def test_only_ones_own_loose_files_of_that_room_are_taken(owner, member, private_room, upload):
    other = Room.objects.exclude(pk=private_room.pk).get(slug="general")
    message, _ = sent(member, private_room, taken := upload(member, private_room))
    of_somebody, elsewhere = upload(owner, private_room), upload(member, other)
    released = upload(member, private_room)
    File.objects.filter(pk=released.pk).update(released_at=released.created_at)
    avatar = upload(member, private_room)
    File.objects.filter(pk=avatar.pk).update(purpose="avatar")
    mine = upload(member, private_room)
    for file in (taken, of_somebody, elsewhere, released, avatar, File(pk=uuid.uuid4())):
        with pytest.raises(Invalid) as refused:
            sent(member, private_room, mine, file, body="look")
        assert [*refused.value.fields] == ["files"]
    assert Message.objects.filter(room=private_room).get() == message
    assert File.objects.get(pk=mine.pk).attached_at is None


def test_of_two_messages_at_once_one_takes_the_file(member, private_room, upload):
    file = upload(member, private_room)
    drafts = [services.Draft(member, private_room.slug, "", uuid.uuid4(), files=[file.pk]) for _ in range(2)]
    outcomes = services.batches._outcomes(drafts)
    assert sorted(type(outcome) for outcome in outcomes if isinstance(outcome, Invalid)) == [Invalid]
    assert Message.objects.filter(room=private_room).count() == 1


def test_text_stays_needed_without_files_and_may_be_taken_out_with_them(member, private_room, upload):
    with pytest.raises(Invalid):
        sent(member, private_room)
    plain, _ = sent(member, private_room, body="words")
    with pytest.raises(Invalid):
        services.edit(member, plain.pk, "")
    message, _ = sent(member, private_room, upload(member, private_room), body="words")
    assert services.edit(member, message.pk, "").body == ""
    assert len(shown(message)["files"]) == 1


def test_a_deletion_gives_the_files_up_and_hiding_keeps_them(owner, member, private_room, upload):
    hidden, _ = sent(member, private_room, upload(member, private_room))
    services.hide(hidden, owner)
    assert shown(hidden)["files"] == []
    assert File.objects.kept().filter(message=hidden).exists()
    services.restore(hidden, owner)
    assert len(shown(hidden)["files"]) == 1
    message, _ = sent(member, private_room, file := upload(member, private_room))
    services.delete(member, message.pk)
    assert shown(message)["files"] == []
    assert File.objects.get(pk=file.pk).released_at is not None
    assert Message.objects.get(pk=message.pk).files is None
    # The sweep takes the bytes.
    assert local.path(file.blob.key).exists()


def test_a_reply_quotes_the_name_of_the_first_file(member, private_room, upload):
    message, _ = sent(member, private_room, upload(member, private_room, "plan.txt"))
    reply, _ = services.send(member, private_room.slug, "nice", uuid.uuid4(), message.pk)
    assert message_payload(reply)["reply_to"]["body"] == "plan.txt"
    assert shown(reply) == message_payload(reply)


def test_text_alone_costs_no_statement_more(member, private_room, upload):
    def queries(*files):
        with CaptureQueriesContext(connection) as caught:
            sent(member, private_room, *files, body="words")
        return [query["sql"] for query in caught if "SAVEPOINT" not in query["sql"]]

    queries()
    assert not [sql for sql in queries() if "files_file" in sql]
    # Each batch reads its files in one query, and writes each message's in two. PostgreSQL authorises text alone in the
    # statement that stores it.
    more = 3 + (connection.vendor == "postgresql")
    assert len(queries(upload(member, private_room), upload(member, private_room))) == len(queries()) + more


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ("one", "Expected a list of items"),
        (["x"], "Must be a valid UUID."),
        (["0d8ab5b1-90f7-4d2b-9a0b-0f6f6e6c2b0a"] * 2, "Name each file once."),
        ([f"0d8ab5b1-90f7-4d2b-9a0b-0f6f6e6c2b{n:02}" for n in range(11)], "no more than 10"),
        ([7], "Must be a valid UUID."),
        (None, "null"),
    ],
)
def test_bad_lists_are_refused_by_name(api, member, private_room, files, sentence):
    said = {"room": private_room.slug, "body": "", "files": files}
    answer = api(member).post("/message", said, format="json")
    assert (answer.status_code, answer.data["code"], [*answer.data["fields"]]) == (400, "invalid", ["files"])
    assert sentence in str(answer.data["fields"])
