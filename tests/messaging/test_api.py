import json
import uuid
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.test.utils import CaptureQueriesContext

from messaging.models import Message
from rooms.models import Event, Room

pytestmark = pytest.mark.django_db


def error(response):
    return response.status_code, response.data["code"]


@pytest.fixture
def say(api, private_room):
    def say(user, body="hello", **extra):
        return api(user).post("/message", {"room": private_room.slug, "body": body, **extra}, format="json")

    return say


def test_a_message_has_the_contracts_shape(say, member, private_room):
    client_id = str(uuid.uuid4())
    sent = say(member, "**hi**", client_id=client_id)
    assert sent.status_code == 201
    assert set(sent.data) == {
        "id", "room", "seq", "sender", "body", "html", "client_id", "created_at", "edited_at", "deleted", "reply_to",
        "reactions",
        "files",
        "previews",
        "forwarded",
    }  # fmt: skip
    assert set(sent.data["sender"]) == {"username", "display_name", "avatar"}
    assert (sent.data["body"], sent.data["html"]) == ("**hi**", "<p><strong>hi</strong></p>")
    assert (sent.data["client_id"], sent.data["room"], sent.data["seq"]) == (client_id, private_room.slug, 3)
    assert sent.data["created_at"].endswith("Z")


WORST = "\U0001f600" * 10_000
KINDS = {
    "application/json": lambda data: json.dumps(data),
    "application/x-www-form-urlencoded": urlencode,
    MULTIPART_CONTENT: lambda data: encode_multipart(BOUNDARY, data),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_longest_text_is_taken_however_it_is_escaped(api, member, private_room, kind):
    body = KINDS[kind]({"room": private_room.slug, "body": WORST})
    sent = api(member).post("/message", body, content_type=kind)
    assert (sent.status_code, sent.data["body"]) == (201, WORST)


def test_a_repeat_gives_the_first_one_back(say, api, owner, member, private_room):
    client_id = str(uuid.uuid4())
    first, again = say(member, client_id=client_id), say(member, client_id=client_id.upper())
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.data == again.data
    assert say(owner, client_id=client_id).status_code == 201, "a client_id is its sender's own"
    assert Message.objects.filter(sender=member).count() == 1


def test_the_same_client_id_for_something_else_is_a_conflict(say, api, member, private_room):
    client_id = str(uuid.uuid4())
    say(member, client_id=client_id)
    assert error(say(member, "other", client_id=client_id)) == (409, "conflict")
    elsewhere = {"room": "general", "body": "hello", "client_id": client_id}
    assert error(api(member).post("/message", elsewhere, format="json")) == (409, "conflict")
    assert Message.objects.count() == 1


def test_a_repeat_is_known_after_an_edit_and_a_deletion(say, api, member):
    client_id = str(uuid.uuid4())
    pk = say(member, client_id=client_id).data["id"]
    api(member).patch(f"/message/{pk}", {"body": "changed"}, format="json")
    assert say(member, client_id=client_id).data["body"] == "changed"
    api(member).delete(f"/message/{pk}")
    again = say(member, client_id=client_id)
    assert (again.status_code, again.data["deleted"], again.data["body"]) == (200, True, "")


def test_a_repeat_is_known_in_a_room_that_was_archived_since(say, api, owner, member, private_room):
    client_id = str(uuid.uuid4())
    say(member, client_id=client_id)
    api(owner).delete(f"/room/{private_room.slug}")
    assert say(member, client_id=client_id).status_code == 200


def test_strangers_neither_read_nor_write(say, api, member, stranger, private_room):
    pk = say(member).data["id"]
    door = api(stranger)
    assert error(say(stranger)) == (404, "not_found")
    assert error(door.get("/message", {"room": private_room.slug})) == (404, "not_found")
    for method in ("get", "patch", "delete"):
        hidden = getattr(door, method)(f"/message/{pk}", *([{"body": "x"}] if method == "patch" else []))
        missing = getattr(door, method)("/message/999999", *([{"body": "x"}] if method == "patch" else []))
        assert error(hidden) == (404, "not_found")
        assert hidden.data == missing.data
    assert door.get("/message").data["results"] == []
    assert door.get("/message", {"q": "hello"}).data["results"] == []


def test_one_who_left_reads_no_more(say, api, member, private_room):
    pk = say(member).data["id"]
    api(member).delete(f"/room/{private_room.slug}/member/member")
    assert error(api(member).get(f"/message/{pk}")) == (404, "not_found")
    assert error(api(member).patch(f"/message/{pk}", {"body": "x"}, format="json")) == (404, "not_found")


def test_a_public_room_is_read_by_all_and_written_by_members(api, public_room, member, stranger):
    assert (
        api(member).post("/message", {"room": public_room.slug, "body": "x"}, format="json").status_code
        == 201
    )
    assert len(api(stranger).get("/message", {"room": public_room.slug}).data["results"]) == 1
    refused = api(stranger).post("/message", {"room": public_room.slug, "body": "x"}, format="json")
    assert error(refused) == (403, "forbidden")


def test_only_its_sender_edits_and_moderators_delete(say, api, owner, member):
    pk = say(member).data["id"]
    assert error(api(owner).patch(f"/message/{pk}", {"body": "x"}, format="json")) == (403, "forbidden")
    assert api(owner).delete(f"/message/{pk}").status_code == 204
    theirs = say(owner).data["id"]
    assert error(api(member).delete(f"/message/{theirs}")) == (403, "forbidden")


def test_the_muted_are_silent(say, api, owner, member, private_room):
    pk = say(member).data["id"]
    api(owner).patch(f"/room/{private_room.slug}/member/member", {"muted": True}, format="json")
    assert error(say(member)) == (403, "muted")
    assert error(api(member).patch(f"/message/{pk}", {"body": "x"}, format="json")) == (403, "muted")


def test_a_deleted_message_leaves_a_tombstone_and_never_its_text(say, api, owner, member, private_room):
    pk = say(member, "secret words").data["id"]
    reply = say(owner, "yes", reply_to=pk).data
    assert reply["reply_to"]["body"] == "secret words"
    api(member).patch(f"/message/{pk}", {"body": "secret again"}, format="json")
    api(member).delete(f"/message/{pk}")
    api(member).delete(f"/message/{pk}")
    log = api(owner).get(f"/room/{private_room.slug}/event").data["events"]
    assert [e["event"] for e in log[2:]] == [
        "chat-message",
        "chat-message",
        "message-edited",
        "message-deleted",
    ]
    assert [e["data"]["seq"] for e in log] == list(range(1, len(log) + 1))
    assert "secret" not in str(log)
    assert "secret" not in str(api(owner).get("/message", {"room": private_room.slug}).data)
    assert error(api(member).patch(f"/message/{pk}", {"body": "x"}, format="json")) == (409, "conflict")


def test_an_edit_that_changes_nothing_looks_nobody_up_and_writes_nothing(say, api, member, private_room):
    pk = say(member, "hello @nobody").data["id"]
    head = Room.objects.get(pk=private_room.pk).head
    with CaptureQueriesContext(connection) as captured:
        answer = api(member).patch(f"/message/{pk}", {"body": "hello @nobody"}, format="json")
    assert answer.data["edited_at"] is None
    # Neither whom it names nor a transaction.
    assert not [
        query["sql"] for query in captured if "'nobody'" in query["sql"] or "SAVEPOINT" in query["sql"]
    ]
    assert Room.objects.get(pk=private_room.pk).head == head


def test_history_pages_meet_without_gap_or_overlap(say, api, member, private_room):
    ids = [say(member, f"m{number}").data["id"] for number in range(7)]
    for start in ({}, {"after": 0}):
        seen, url = [], "/message"
        params = {"room": private_room.slug, "limit": 3, **start}
        while url:
            page = api(member).get(url, params).data
            seen += [message["id"] for message in page["results"]]
            url, params = page["next"], None
        assert seen == (ids if start else ids[::-1])


def test_the_way_back_through_history(say, api, member, private_room):
    for number in range(4):
        say(member, f"m{number}")
    older = (
        api(member)
        .get(api(member).get("/message", {"room": private_room.slug, "limit": 2}).data["next"])
        .data
    )
    newer = api(member).get(older["previous"]).data
    assert [m["body"] for m in older["results"]] == ["m1", "m0"]
    assert [m["body"] for m in newer["results"]] == ["m2", "m3"]


def test_search_finds_all_the_words_in_my_rooms(say, api, member, stranger, private_room):
    say(member, "the blue lathe")
    gone = say(member, "a blue saw").data["id"]
    api(member).delete(f"/message/{gone}")
    found = api(member).get("/message", {"q": "LATHE blue"}).data["results"]
    assert [m["body"] for m in found] == ["the blue lathe"]
    assert api(member).get("/message", {"q": "blue", "room": private_room.slug}).data["results"] == found
    assert api(member).get("/message", {"q": "%"}).data["results"] == []
    assert api(stranger).get("/message", {"q": "blue"}).data["results"] == []


def test_unread_follows_the_read_position(say, api, owner, member, private_room):
    say(owner, "one")
    pk = say(owner, "@Member two").data["id"]
    say(member, "mine")

    def counts():
        room = api(member).get(f"/room/{private_room.slug}").data
        return room["unread"], room["mentions"]

    assert counts() == (2, 1)
    api(owner).delete(f"/message/{pk}")
    assert counts() == (1, 0)


@pytest.mark.parametrize(
    ("change", "field", "expected"),
    [
        ({"body": ""}, "body", "invalid"),
        ({"body": " \n\t "}, "body", "invalid"),
        ({"body": 5}, "body", "invalid"),
        ({"body": None}, "body", "invalid"),
        ({"body": {"$gt": ""}}, "body", "invalid"),
        ({"body": "a\x00b"}, "body", "invalid"),
        ({"body": "x" * 10_001}, "body", "too_large"),
        ({"client_id": "x"}, "client_id", "invalid"),
        ({"client_id": 5}, "client_id", "invalid"),
        ({"client_id": None}, "client_id", "invalid"),
        ({"reply_to": 999_999}, "reply_to", "invalid"),
        ({"reply_to": "1"}, "reply_to", "invalid"),
        ({"reply_to": True}, "reply_to", "invalid"),
        ({"reply_to": 2**80}, "reply_to", "invalid"),
        ({"reply_to": -1}, "reply_to", "invalid"),
        ({"room": ["general"]}, "room", "invalid"),
        ({"room": {"slug": "general"}}, "room", "invalid"),
        ({"sender": "owner"}, "sender", "invalid"),
    ],
)
def test_bad_input_names_the_field_and_stores_nothing(api, member, private_room, change, field, expected):
    before = Event.objects.count()
    refused = api(member).post("/message", {"room": private_room.slug, "body": "x", **change}, format="json")
    assert refused.data["code"] == expected
    assert refused.status_code == {"invalid": 400, "too_large": 413}[expected]
    assert list(refused.data["fields"]) == [field]
    assert Event.objects.count() == before


@pytest.mark.parametrize("pk", ["x", "-1", "0", "9" * 40, "1.0", "١", "%00", "1%20"])
def test_an_id_that_is_none_is_not_found(api, member, pk):
    assert error(api(member).get(f"/message/{pk}")) == (404, "not_found")


@pytest.mark.parametrize(
    "query",
    [
        {"before": "x"},
        {"after": -1},
        {"before": 2**70},
        {"limit": 0},
        {"limit": 1000},
        {"before": 1, "after": 1},
    ],
)
def test_bad_queries_are_refused(api, member, private_room, query):
    assert error(api(member).get("/message", {"room": private_room.slug, **query})) == (400, "invalid")


def test_a_page_costs_the_same_for_many_messages(say, api, owner, member, private_room):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert api(member).get("/message", {"room": private_room.slug}).status_code == 200
        return len(captured)

    first = say(owner).data["id"]
    say(owner, "an answer", reply_to=first)
    few = queries()
    for number in range(10):
        say(owner, f"m{number}", reply_to=first)
    assert queries() == few
