"""Reminders: of a message or a text, told once when they are due, and to nobody else."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from chatsite.contract.errors import QuotaExceeded
from drafts import due
from drafts.models import Reminder
from drafts.reminders import services
from messaging import services as messages
from rooms.membership import membership

pytestmark = pytest.mark.django_db


def in_an_hour():
    return timezone.now() + timedelta(hours=1)


def post(client, **fields):
    return client.post(
        "/reminder", {"text": "The kiln", "remind_at": in_an_hour().isoformat(), **fields}, format="json"
    )


@pytest.fixture
def message(owner, private_room):
    return messages.send(owner, "board", "The kiln is at 700", uuid.uuid4())[0]


@pytest.fixture
def queue():
    """As a process has it that has just begun."""
    return due.DueQueue(services.queue.waiting, "remind_at", services.ring)


def make_due():
    Reminder.objects.update(remind_at=timezone.now() - timedelta(minutes=1))


def test_one_is_added_listed_changed_ticked_off_and_deleted(api, member, message):
    here = api(member)
    made = post(here, message=message.pk, text="", client_id=str(uuid.uuid4()))
    assert made.status_code == 201
    one = made.json()
    assert (one["state"], one["message"]["room"], one["message"]["body"]) == (
        "waiting",
        "board",
        "The kiln is at 700",
    )
    again = post(here, message=message.pk, text="", client_id=one["client_id"])
    assert (again.status_code, again.json()) == (200, one)
    assert post(here, client_id=one["client_id"]).json()["code"] == "conflict"
    assert here.get("/reminder").json()["results"] == [one]
    path = f"/reminder/{one['id']}"
    assert here.patch(path, {"text": "Look"}, format="json").json()["text"] == "Look"
    assert here.patch(path, {"done": True}, format="json").json()["state"] == "done"
    assert here.patch(path, {"done": False}, format="json").json()["state"] == "waiting"
    assert here.delete(path).status_code == 204
    assert here.get("/reminder").json()["results"] == []


@pytest.mark.parametrize(
    ("fields", "about"),
    [
        ({"text": " "}, "text"),
        ({"text": "x" * 1001}, "text"),
        ({"remind_at": "2020-01-01T00:00:00Z"}, "remind_at"),
        ({"remind_at": "soon"}, "remind_at"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"message": -1}, "message"),
        ({"client_id": "x"}, "client_id"),
        ({"colour": "red"}, "colour"),
    ],
    ids=["empty", "long", "past", "words", "zone", "message", "id", "unknown"],
)
def test_what_is_refused_stores_nothing(api, member, fields, about):
    refused = post(api(member), **fields)
    assert (refused.status_code, set(refused.json()["fields"])) == (400, {about})
    assert not Reminder.objects.exists()


def test_it_is_told_once_when_it_is_due_to_its_person_alone(
    api, owner, member, message, queue, connected, committed, monkeypatch
):
    seen = []
    monkeypatch.setattr(services, "due_hooks", [seen.append])
    one = post(api(member), message=message.pk).json()
    make_due()
    mine, owners = connected(member, "mine"), connected(owner, "other")
    with committed():
        queue.step()
    with committed():
        services.ring(one["id"])
    (told,) = [data for event, data in mine.events if event == "reminder"]
    assert (told["id"], told["state"], told["message"]["body"]) == (one["id"], "due", "The kiln is at 700")
    assert owners.events == []
    assert [reminder.pk for reminder in seen] == [one["id"]]
    later = (
        api(member)
        .patch(f"/reminder/{one['id']}", {"remind_at": in_an_hour().isoformat()}, format="json")
        .json()
    )
    assert (later["state"], later["due_at"]) == ("waiting", None)


def test_a_hook_that_fails_leaves_it_to_the_next_look(api, member, queue, monkeypatch):
    from django.db import OperationalError

    def fails(reminder):
        raise OperationalError("away")

    post(api(member))
    make_due()
    monkeypatch.setattr(services, "due_hooks", [fails])
    queue.step()
    assert Reminder.objects.get().state == "waiting"
    monkeypatch.setattr(services, "due_hooks", [])
    queue._next_look = 0
    queue.step()
    assert Reminder.objects.get().state == "due"


def test_who_may_not_read_the_message_is_reminded_without_it(
    api, owner, member, message, queue, connected, committed
):
    one = post(api(member), message=message.pk).json()
    membership.remove_member(owner, "board", "member")
    make_due()
    mine = connected(member, "mine")
    with committed():
        queue.step()
    assert [data["message"] for event, data in mine.events if event == "reminder"] == [None]
    assert api(member).get(f"/reminder/{one['id']}").json()["message"] is None
    assert "kiln is at" not in api(member).get("/reminder").content.decode()


def test_nobody_reminds_of_what_they_can_t_read_or_touches_another_s(api, member, stranger, message):
    assert post(api(stranger), message=message.pk).json()["code"] == "not_found"
    one = post(api(member)).json()
    path = f"/reminder/{one['id']}"
    assert api(stranger).get("/reminder").json()["results"] == []
    for method in ("get", "patch", "put", "delete"):
        assert getattr(api(stranger), method)(path, {}, format="json").status_code == 404
    assert Reminder.objects.count() == 1


def test_a_person_has_so_many_and_the_newest_done_are_kept(member, monkeypatch):
    monkeypatch.setattr(services, "MAX_REMINDERS", 2)
    monkeypatch.setattr(services, "MAX_DONE", 2)
    for number in range(2):
        services.add(member, in_an_hour(), uuid.uuid4(), f"{number}")
    with pytest.raises(QuotaExceeded):
        services.add(member, in_an_hour(), uuid.uuid4(), "more")
    for number in range(4):
        first = Reminder.objects.exclude(state="done").earliest("pk")
        services.change(member, first.pk, done=True)
        services.add(member, in_an_hour(), uuid.uuid4(), f"then {number}")
    assert Reminder.objects.filter(state="done").count() == 2


def test_a_list_costs_as_many_queries_for_many_as_for_one(api, member, message):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    for _ in range(2):
        for _ in range(3):
            services.add(member, in_an_hour(), uuid.uuid4(), "x", message.pk)
        with CaptureQueriesContext(connection) as captured:
            assert api(member).get("/reminder").status_code == 200
        counts.append(len(captured))
    assert counts == [3, 3]


def test_the_pages_work_without_scripts(client, owner, member, message):
    client.force_login(member)
    assert client.post("/later/reminders", {"text": "", "when": "1h"}).status_code == 400
    assert client.post("/later/reminders", {"text": "The oven", "when": "1h"}).status_code == 302
    path = f"/chat/board/message/{message.pk}/remind"
    assert "The kiln is at 700" in client.get(path).text
    assert client.post(path, {"text": "", "when": "20m"}).status_code == 302
    listed = client.get("/later/reminders").text
    assert "The kiln is at 700" in listed
    assert "The oven" in listed
    one = Reminder.objects.get(message=message)
    assert client.post(f"/later/reminders/{one.pk}", {"text": "Look", "when": "tomorrow"}).status_code == 302
    assert Reminder.objects.get(pk=one.pk).text == "Look"
    for state, form in (("done", {}), ("waiting", {"done": "no"})):
        assert client.post(f"/later/reminders/{one.pk}/done", form).status_code == 302
        assert Reminder.objects.get(pk=one.pk).state == state
    client.force_login(owner)
    assert "The oven" not in client.get("/later/reminders").text
    for address in ("", "/done", "/delete"):
        assert client.post(f"/later/reminders/{one.pk}{address}").status_code == 404
    client.force_login(member)
    assert client.post(f"/later/reminders/{one.pk}/delete").status_code == 302
    assert Reminder.objects.count() == 1
