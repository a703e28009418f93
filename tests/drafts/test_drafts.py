"""Drafts: one for a person and a room, the same on all devices, and nobody else's."""

import re
import uuid

import pytest

from chatsite.contract.errors import NotFound, QuotaExceeded, TooLarge
from drafts import services
from drafts.models import SavedDraft
from drafts.services import Outdated
from messaging import services as messages
from messaging.models import Message
from rooms import services as rooms
from rooms.membership import membership

pytestmark = pytest.mark.django_db


def put(client, body="half a thought", version=0, room="board", **fields):
    return client.put(f"/draft/{room}", {"body": body, "version": version, **fields}, format="json")


def test_a_draft_is_kept_changed_listed_and_deleted(api, member, private_room):
    here = api(member)
    none = here.get("/draft/board").json()
    assert none == {"room": "board", "body": "", "reply_to": None, "version": 0, "updated_at": None}
    first = put(here).json()
    assert (first["body"], first["version"] > 0) == ("half a thought", True)
    second = put(here, "half a thought more", first["version"]).json()
    assert second["version"] > first["version"]
    assert here.get("/draft/board").json() == second
    assert here.get("/draft").json()["results"] == [second]
    for _ in range(2):
        assert here.delete("/draft/board").status_code == 204
    assert here.get("/draft/board").json() == none


def test_a_device_that_has_not_seen_the_newest_changes_nothing(api, member, private_room):
    here = api(member)
    first = put(here).json()
    newest = put(here, "of the phone", first["version"]).json()
    for version in (0, first["version"], newest["version"] + 1):
        refused = put(here, "of the desk", version)
        assert refused.status_code == 409
        assert (refused.json()["code"], refused.json()["draft"]) == ("conflict", newest)
    assert here.delete(f"/draft/board?version={first['version']}").status_code == 409
    assert here.get("/draft/board").json() == newest
    # What is stored already is no conflict: the answer was lost.
    assert put(here, "of the phone", first["version"]).json() == newest
    assert here.delete(f"/draft/board?version={newest['version']}").status_code == 204
    assert put(here, "of the desk", newest["version"]).json()["draft"]["version"] == 0
    assert put(here, " ").json()["version"] == 0
    assert put(here, "anew").json()["version"] > newest["version"]


def test_my_other_connections_hear_of_it_and_nobody_else(
    api, owner, member, private_room, connected, committed
):
    mine, other, owners = connected(member, "mine"), connected(member, "other"), connected(owner, "third")
    with committed():
        draft = put(api(member), origin="mine").json()
    with committed():
        put(api(member), origin="mine", version=draft["version"])
    assert other.events == [("draft-changed", draft)]
    with committed():
        api(member).delete("/draft/board?origin=other")
    assert [event for event, _ in mine.events] == ["draft-changed"]
    assert mine.events[0][1]["version"] == 0
    assert len(other.events) == 1
    assert owners.events == []


def test_nobody_reads_another_s(api, owner, member, stranger, private_room):
    put(api(member), "a secret")
    assert api(owner).get("/draft/board").json()["version"] == 0
    assert api(owner).get("/draft").json()["results"] == []
    assert put(api(stranger)).status_code == 404
    assert not SavedDraft.objects.filter(user=stranger).exists()


def test_who_leaves_the_room_does_not_see_its_draft_until_they_are_back(api, owner, member, private_room):
    put(api(member), "a secret")
    membership.remove_member(owner, "board", "member")
    assert api(member).get("/draft/board").status_code == 404
    assert api(member).get("/draft").json()["results"] == []
    assert services.rooms_with_drafts(member) == set()
    for method in ("put", "delete"):
        assert getattr(api(member), method)("/draft/board", {"body": "x", "version": 0}).status_code == 404
    membership.grant(private_room, member)
    assert api(member).get("/draft/board").json()["body"] == "a secret"


def test_an_answer_is_kept_and_shown_as_its_message_is_now(api, owner, member, private_room):
    message = messages.send(owner, "board", "Is it?", uuid.uuid4())[0]
    draft = put(api(member), "", reply_to=message.pk).json()
    assert (draft["reply_to"]["id"], draft["reply_to"]["body"]) == (message.pk, "Is it?")
    messages.delete(owner, message.pk)
    assert api(member).get("/draft/board").json()["reply_to"]["body"] == ""
    elsewhere = messages.send(owner, rooms.create_room(owner, "Other").slug, "x", uuid.uuid4())[0]
    assert put(api(member), "x", draft["version"], reply_to=elsewhere.pk).json()["code"] == "invalid"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"body": "x" * 10_001}, "too_large"),
        ({"body": 5}, "invalid"),
        ({"body": "a\0b"}, "invalid"),
        ({"version": -1}, "invalid"),
        ({"version": None}, "invalid"),
        ({"reply_to": 999}, "invalid"),
        ({"origin": "x" * 65}, "invalid"),
        ({"colour": "red"}, "invalid"),
    ],
    ids=["long", "number", "null", "negative", "none", "missing", "origin", "unknown"],
)
def test_what_is_refused_changes_nothing(api, member, private_room, fields, code):
    refused = api(member).put("/draft/board", {"body": "x", "version": 0, **fields}, format="json")
    assert (refused.json()["code"], set(refused.json()["fields"])) == (code, set(fields))
    assert not SavedDraft.objects.exists()


def test_a_person_has_so_many_and_those_of_lost_rooms_go_first(member, owner, private_room, monkeypatch):
    monkeypatch.setattr(services, "MAX_DRAFTS", 2)
    slugs = []
    for name in ("One", "Two"):
        room = rooms.create_room(owner, name)
        membership.grant(room, member)
        slugs.append(room.slug)
        services.put(member, room.slug, "x", 0)
    with pytest.raises(QuotaExceeded):
        services.put(member, "board", "x", 0)
    membership.remove_member(owner, slugs[0], "member")
    services.put(member, "board", "x", 0)
    assert services.rooms_with_drafts(member) == {slugs[1], "board"}


def test_services_refuse_as_the_doors_do(stranger, member, private_room):
    with pytest.raises(NotFound):
        services.put(stranger, "board", "x", 0)
    with pytest.raises(NotFound):
        services.clear(stranger, "board")
    with pytest.raises(TooLarge):
        services.put(member, "board", "x" * 10_001, 0)
    version = services.put(member, "board", "x", 0)["version"]
    with pytest.raises(Outdated):
        services.clear(member, "board", version - 1)


def test_the_room_s_page_opens_with_it_and_other_pages_mark_the_room(client, owner, member, private_room):
    message = messages.send(owner, "board", "Is it?", uuid.uuid4())[0]
    draft = services.put(member, "board", "half <b>", 0, message.pk)
    client.force_login(member)
    page = client.get("/chat/board").text
    assert "half &lt;b&gt;</textarea>" in page
    assert f'name="draft" value="{draft["version"]}"' in page
    assert f'name="reply_to" value="{message.pk}"' in page
    # A pencil beside the room.
    row = re.search('<a[^>]*data-room="board"[^>]*>', client.get("/search").text)
    assert " data-draft" in row[0]
    client.force_login(owner)
    assert "half" not in client.get("/chat/board").text
    assert "data-draft" not in client.get("/search").text


def test_a_form_that_is_sent_takes_its_draft_away(client, member, private_room):
    draft = services.put(member, "board", "half a thought", 0)
    client.force_login(member)
    form = {"body": "a whole thought", "client_id": str(uuid.uuid4())}
    assert client.post("/chat/board", {**form, "draft": draft["version"] - 1}).status_code == 302
    assert SavedDraft.objects.count() == 1
    assert client.post("/chat/board", {**form, "draft": draft["version"]}).status_code == 302
    assert SavedDraft.objects.count() == 0
    assert Message.objects.count() == 1


def test_a_page_costs_two_queries_more_however_many_there_are(
    client, owner, member, private_room, django_assert_num_queries, monkeypatch
):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.force_login(member)
    client.get("/chat/board")
    with CaptureQueriesContext(connection) as before:
        client.get("/chat/board")
    for number in range(5):
        room = rooms.create_room(owner, f"Room {number}")
        membership.grant(room, member)
        services.put(member, room.slug, "x", 0)
    services.put(member, "board", "x", 0)
    with CaptureQueriesContext(connection) as after:
        client.get("/chat/board")
    assert len(after) == len(before)
    # Beside the statement of all the page's marks, which isn't the ORM's.
    assert sum('"drafts_saveddraft"' in query["sql"] for query in after) == 2


def test_sending_asks_nothing_of_drafts(owner, private_room, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    services.put(owner, "board", "x", 0)
    messages.send(owner, "board", "hello", uuid.uuid4())
    with CaptureQueriesContext(connection) as sent:
        messages.send(owner, "board", "hello", uuid.uuid4())
    assert not any("drafts_" in query["sql"] for query in sent)
