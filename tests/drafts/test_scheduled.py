"""Scheduled messages: sent once at their time, with the rights of then, and kept with the reason where they are refused."""

import uuid
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.db.models import Sum
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from chatsite.contract.errors import Conflict, Forbidden, Muted, NotFound, QuotaExceeded, Unavailable
from drafts import due
from drafts.models import CLAIMED_FOR, ScheduledMessage
from drafts.scheduled import services
from files.models import File
from files.sweeping import release_old
from messaging import services as messages
from messaging.models import Message
from messaging.payloads import message_payload
from rooms import services as rooms
from rooms.directs import open_direct
from rooms.membership import membership
from rooms.models import Membership

pytestmark = pytest.mark.django_db


def in_an_hour():
    return timezone.now() + timedelta(hours=1)


def post(client, **fields):
    body = {"room": "board", "body": "Good morning", "send_at": in_an_hour().isoformat(), **fields}
    return client.post("/scheduled", body, format="json")


@pytest.fixture
def scheduled(member, private_room):
    """A message of the member's that is due."""
    row = services.add(member, "board", "Good morning", in_an_hour(), uuid.uuid4())[0]
    ScheduledMessage.objects.update(send_at=timezone.now() - timedelta(minutes=1))
    return row


@pytest.fixture
def queue():
    """As a process has it that has just begun."""
    return due.DueQueue(services.queue.waiting, "send_at", services.send_due)


def test_one_is_made_listed_changed_and_cancelled(api, member, private_room):
    here = api(member)
    made = post(here, client_id=(client_id := str(uuid.uuid4())))
    assert made.status_code == 201
    row = made.json()
    assert (row["state"], row["error"], row["time_zone"], row["client_id"]) == (
        "waiting",
        None,
        "UTC",
        client_id,
    )
    again = post(here, client_id=client_id)
    assert (again.status_code, again.json()) == (200, row)
    assert post(here, client_id=client_id, body="Other").json()["code"] == "conflict"
    assert here.get("/scheduled").json()["results"] == [row]
    assert here.get(f"/scheduled/{row['id']}").json() == row
    changed = here.patch(f"/scheduled/{row['id']}", {"body": "Good evening"}, format="json").json()
    assert changed == {**row, "body": "Good evening"}
    assert here.delete(f"/scheduled/{row['id']}").status_code == 204
    assert here.get(f"/scheduled/{row['id']}").status_code == 404
    assert not Message.objects.exists()


def test_a_time_without_an_offset_is_of_the_zone_that_is_named(api, member, private_room):
    tomorrow = (timezone.now() + timedelta(days=2)).replace(
        tzinfo=None, hour=9, minute=0, second=0, microsecond=0
    )
    row = post(api(member), send_at=tomorrow.isoformat(), time_zone="Asia/Kolkata").json()
    moment = tomorrow.replace(tzinfo=ZoneInfo("Asia/Kolkata")).astimezone(UTC)
    assert row["send_at"] == moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert row["time_zone"] == "Asia/Kolkata"


@pytest.mark.parametrize(
    ("fields", "about"),
    [
        ({"send_at": "2020-01-01T00:00:00Z"}, "send_at"),
        ({"send_at": "0001-01-01T00:00:00+14:00"}, "send_at"),
        ({"send_at": "9999-12-31T23:59:59-14:00"}, "send_at"),
        ({"send_at": "soon"}, "send_at"),
        ({"send_at": 5}, "send_at"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"time_zone": "../../etc/passwd"}, "time_zone"),
        ({"time_zone": "Europe"}, "time_zone"),
        ({"body": " "}, "body"),
        ({"body": "x" * 10_001}, "body"),
        ({"reply_to": 999}, "reply_to"),
        ({"client_id": "x"}, "client_id"),
        ({"colour": "red"}, "colour"),
    ],
    ids=[
        *("past", "first", "last", "words", "number", "unknown-zone", "path", "folder"),
        *("empty", "long", "reply", "id", "unknown"),
    ],
)
def test_what_is_refused_stores_nothing(api, member, private_room, fields, about):
    refused = post(api(member), **fields)
    assert refused.status_code in (400, 413)
    assert set(refused.json()["fields"]) == {about}
    assert not ScheduledMessage.objects.exists()


def test_a_year_ahead_and_no_longer(api, member, private_room):
    assert post(api(member), send_at=(timezone.now() + timedelta(days=365)).isoformat()).status_code == 201
    assert post(api(member), send_at=(timezone.now() + timedelta(days=368)).isoformat()).status_code == 400


def test_it_is_sent_when_its_time_has_come_and_once(scheduled, queue, member, owner, connected, committed):
    mine, owners = connected(member, "mine"), connected(owner, "other")
    with committed():
        queue.step()
    message = Message.objects.get()
    assert (message.body, message.sender, message.client_id) == ("Good morning", member, scheduled.client_id)
    assert not ScheduledMessage.objects.exists()
    told = [data for event, data in mine.events if event == "scheduled-changed"]
    assert [(data["state"], data["message"]) for data in told] == [("sent", message.pk)]
    assert not any(event == "scheduled-changed" for event, _ in owners.events)
    services.send_due(scheduled.pk)
    assert Message.objects.count() == 1


def test_before_its_time_nothing_is_sent_and_nothing_asked(
    member, private_room, queue, django_assert_num_queries
):
    services.add(member, "board", "x", in_an_hour(), uuid.uuid4())
    with django_assert_num_queries(1):
        queue.step()
    with django_assert_num_queries(0):
        queue.step()
    assert not Message.objects.exists()


def test_a_process_that_ended_behind_the_commit_sends_nothing_twice(scheduled, queue, member):
    message = messages.send(member, "board", "Good morning", scheduled.client_id)[0]
    ScheduledMessage.objects.update(claimed_until=Now() + CLAIMED_FOR, tries=1)
    queue.step()
    assert ScheduledMessage.objects.count() == 1
    ScheduledMessage.objects.update(claimed_until=Now() - timedelta(seconds=1))
    for act in (
        lambda: services.change(member, scheduled.pk, body="Other"),
        lambda: services.cancel(member, scheduled.pk),
    ):
        with pytest.raises(Conflict):
            act()
    queue._next_look = 0
    queue.step()
    assert list(Message.objects.all()) == [message]
    assert not ScheduledMessage.objects.exists()


def test_while_it_is_being_sent_nothing_else_happens_to_it(scheduled, member):
    ScheduledMessage.objects.update(claimed_until=Now() + CLAIMED_FOR, tries=1)
    for act in (services.cancel, services.change, services.send_now):
        with pytest.raises(Conflict):
            act(member, scheduled.pk)
    services.send_due(scheduled.pk)
    assert not Message.objects.exists()
    # One that ends a little later than a claim of now is of a statement that began behind that and was faster.
    ScheduledMessage.objects.update(claimed_until=Now() + CLAIMED_FOR + timedelta(seconds=5))
    services.send_due(scheduled.pk)
    assert not Message.objects.exists()
    # A claim of a clock that was set back ends nothing for ever.
    ScheduledMessage.objects.update(claimed_until=Now() + timedelta(days=1))
    services.send_due(scheduled.pk)
    assert Message.objects.count() == 1


def lose_the_room(owner, member):
    membership.remove_member(owner, "board", "member")


def be_muted(owner, member):
    Membership.objects.filter(user=member).update(muted=True)


def be_archived(owner, member):
    rooms.set_archived(owner, "board", True)


def be_deactivated(owner, member):
    type(member).objects.filter(pk=member.pk).update(is_active=False)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lose_the_room, "not_found"),
        (be_muted, "muted"),
        (be_archived, "archived"),
        (be_deactivated, "unauthorized"),
    ],
)
def test_rights_are_asked_when_it_is_sent_and_a_refusal_is_told(
    scheduled, queue, owner, member, change, code, connected, committed
):
    change(owner, member)
    mine = connected(member, "mine")
    with committed():
        queue.step()
    row = ScheduledMessage.objects.get()
    assert (row.state, row.error_code, bool(row.error_detail)) == ("failed", code, True)
    assert not Message.objects.exists()
    (told,) = [data for event, data in mine.events if event == "scheduled-changed"]
    assert (told["state"], told["error"]["code"]) == ("failed", code)
    queue._next_look = 0
    queue.step()
    assert ScheduledMessage.objects.get().tries == 1


def test_what_passes_is_tried_again(scheduled, queue, monkeypatch):
    send = messages.send

    def unavailable(*args):
        raise Unavailable()

    monkeypatch.setattr(messages, "send", unavailable)
    queue.step()
    assert ScheduledMessage.objects.get().state == "waiting"
    monkeypatch.setattr(messages, "send", send)
    ScheduledMessage.objects.update(claimed_until=Now() - timedelta(seconds=1))
    queue._next_look = 0
    queue.step()
    assert Message.objects.count() == 1


def test_one_that_failed_waits_again_with_another_time_or_is_sent_now(api, scheduled, queue, owner, member):
    be_muted(owner, member)
    queue.step()
    path = f"/scheduled/{scheduled.pk}"
    assert (
        api(member).patch(path, {"send_at": in_an_hour().isoformat()}, format="json").json()["code"]
        == "muted"
    )
    assert api(member).post(f"{path}/message").json()["code"] == "muted"
    Membership.objects.filter(user=member).update(muted=False)
    assert api(member).patch(path, {"body": "x"}, format="json").json()["code"] == "invalid"
    changed = api(member).patch(path, {"send_at": in_an_hour().isoformat()}, format="json").json()
    assert (changed["state"], changed["error"]) == ("waiting", None)
    sent = api(member).post(f"{path}/message")
    assert (sent.status_code, sent.json()["client_id"]) == (201, str(scheduled.client_id))
    assert not ScheduledMessage.objects.exists()


def test_who_may_not_write_schedules_nothing(member, owner, stranger, private_room):
    with pytest.raises(NotFound):
        services.add(stranger, "board", "x", in_an_hour(), uuid.uuid4())
    be_muted(owner, member)
    with pytest.raises(Muted):
        services.add(member, "board", "x", in_an_hour(), uuid.uuid4())
    public = rooms.create_room(owner, "Lobby")
    with pytest.raises(Forbidden):
        services.add(stranger, public.slug, "x", in_an_hour(), uuid.uuid4())


def test_nobody_sees_or_touches_another_s(api, owner, member, private_room):
    row = post(api(member)).json()
    path = f"/scheduled/{row['id']}"
    assert api(owner).get("/scheduled").json()["results"] == []
    for method, address in (("get", path), ("patch", path), ("delete", path), ("post", f"{path}/message")):
        assert getattr(api(owner), method)(address, {}, format="json").status_code == 404
    assert ScheduledMessage.objects.count() == 1


def test_a_person_has_so_many(member, private_room, monkeypatch):
    monkeypatch.setattr(services, "MAX_SCHEDULED", 1)
    services.add(member, "board", "x", in_an_hour(), uuid.uuid4())
    with pytest.raises(QuotaExceeded):
        services.add(member, "board", "x", in_an_hour(), uuid.uuid4())


def test_an_id_that_was_sent_is_scheduled_by_nobody(api, member, private_room):
    message = messages.send(member, "board", "Good morning", uuid.uuid4())[0]
    assert post(api(member), client_id=str(message.client_id)).json()["code"] == "conflict"


def test_people_take_turns(member, owner, private_room, queue, monkeypatch):
    monkeypatch.setattr(due, "ROWS_PER_TURN", 2)
    for user in (member, member, member, owner):
        services.add(user, "board", user.username, in_an_hour(), uuid.uuid4())
    ScheduledMessage.objects.update(send_at=timezone.now() - timedelta(minutes=1))
    queue.step()
    assert sorted(Message.objects.values_list("body", flat=True)) == ["member", "owner"]
    queue.step()
    assert Message.objects.count() == 4


def test_a_list_costs_as_many_queries_for_many_as_for_one(api, member, private_room):
    counts = []
    for _ in range(2):
        for _ in range(3):
            services.add(member, "board", "x", in_an_hour(), uuid.uuid4())
        with CaptureQueriesContext(connection) as captured:
            assert api(member).get("/scheduled").status_code == 200
        counts.append(len(captured))
    assert counts == [1, 1]


@pytest.mark.usefixtures("one_window")
def test_the_pages_work_without_scripts(client, member, owner, private_room):
    client.force_login(member)
    client.cookies["tz"] = "Europe/Berlin"
    begun = {"body": "Good morning", "client_id": str(uuid.uuid4()), "reply_to": ""}
    asked = client.post("/chat/board/later", begun)
    assert (asked.status_code, "Good morning</textarea>" in asked.text) == (200, True)
    assert "Europe/Berlin" in asked.text
    assert client.post("/chat/board/later", {**begun, "when": "own", "at": ""}).status_code == 400
    past = client.post("/chat/board/later", {**begun, "when": "own", "at": "2020-01-01T09:00"})
    assert (past.status_code, "still to come" in past.text) == (400, True)
    assert client.post("/chat/board/later", {**begun, "when": "tomorrow"}).status_code == 302
    row = ScheduledMessage.objects.get()
    local = row.send_at.astimezone(ZoneInfo("Europe/Berlin"))
    today = datetime.now(ZoneInfo("Europe/Berlin")).date()
    assert (local.date(), local.hour, local.minute) == (today + timedelta(days=1), 9, 0)
    assert row.time_zone == "Europe/Berlin"
    listed = client.get("/later/scheduled").text
    assert "Good morning" in listed
    shown = client.get(f"/later/scheduled/{row.pk}").text
    assert local.strftime("%Y-%m-%dT%H:%M") in shown
    form = {"body": "Changed", "when": "own", "at": local.strftime("%Y-%m-%dT%H:%M")}
    assert client.post(f"/later/scheduled/{row.pk}", form).status_code == 302
    changed = ScheduledMessage.objects.get()
    assert (changed.body, changed.send_at) == ("Changed", row.send_at)
    client.force_login(owner)
    assert "Changed" not in client.get("/later/scheduled").text
    for path in ("", "/cancel", "/send"):
        assert client.post(f"/later/scheduled/{row.pk}{path}", form).status_code == 404
    client.force_login(member)
    assert client.post(f"/later/scheduled/{row.pk}/send").status_code == 302
    assert Message.objects.get().body == "Changed"
    services.add(member, "board", "x", in_an_hour(), uuid.uuid4())
    assert client.post(f"/later/scheduled/{ScheduledMessage.objects.get().pk}/cancel").status_code == 302
    assert not ScheduledMessage.objects.exists()


def test_administrators_see_what_waits_and_no_text(client, member, owner, scheduled):
    owner.is_staff = owner.is_superuser = True
    owner.save()
    client.force_login(owner)
    for path in ("/admin/drafts/scheduledmessage/", f"/admin/drafts/scheduledmessage/{scheduled.pk}/change/"):
        page = client.get(path)
        assert page.status_code == 200
        assert "member" in page.text
        assert "Good morning" not in page.text
    client.force_login(member)
    assert client.get("/admin/drafts/scheduledmessage/").status_code != 200


def test_the_page_names_where_it_goes_to_those_who_are_there(
    client, member, owner, private_room, django_assert_max_num_queries
):
    talk = open_direct(member, [owner.username])[0]
    owner.display_name = "Olga Owner"
    owner.save()
    for slug in ("board", talk.slug):
        services.add(member, slug, "x", in_an_hour(), uuid.uuid4())
    client.force_login(member)
    client.get("/later/scheduled")
    with CaptureQueriesContext(connection) as few:
        page = client.get("/later/scheduled").text
    assert f'<a href="/chat/{talk.slug}"><bdi>Olga Owner</bdi></a>' in page
    assert '<a href="/chat/board">#<bdi>Board</bdi></a>' in page
    for _ in range(3):
        services.add(member, talk.slug, "x", in_an_hour(), uuid.uuid4())
    with django_assert_max_num_queries(len(few)):
        client.get("/later/scheduled")
    # Who has left isn't told a new name.
    membership.leave_room(member, "board")
    private_room.name = "Secret"
    private_room.save()
    page = client.get("/later/scheduled").text
    assert '<a href="/chat/board">#<bdi>board</bdi></a>' in page
    assert "Secret" not in page


class TestFiles:
    def test_are_kept_until_its_time_and_go_with_it_once(
        self, api, member, owner, private_room, upload, queue
    ):
        first, second = upload(member, private_room, "b.txt"), upload(member, private_room, "a.txt")
        made = post(api(member), body="", files=[str(first.pk), str(second.pk)])
        assert made.status_code == 201
        assert [file["name"] for file in made.json()["files"]] == ["b.txt", "a.txt"]
        assert api(member).get("/scheduled").json()["results"] == [made.json()]
        # Its owner's alone until a message carries it.
        assert api(member).get(made.json()["files"][0]["url"]).status_code == 200
        assert api(owner).get(made.json()["files"][0]["url"]).status_code == 404
        # Days go by, and the server is down when its time comes.
        File.objects.update(created_at=timezone.now() - timedelta(days=3))
        release_old()
        ScheduledMessage.objects.update(send_at=timezone.now() - timedelta(days=1))
        queue.step()
        message = Message.objects.get()
        assert [file["name"] for file in message_payload(message)["files"]] == ["b.txt", "a.txt"]
        assert not ScheduledMessage.objects.exists()
        queue._next_look = 0
        queue.step()
        release_old()
        assert (Message.objects.count(), File.objects.kept().filter(message=message).count()) == (1, 2)

    def test_a_process_that_ended_behind_the_commit_sends_nothing_twice(
        self, member, private_room, upload, queue
    ):
        file = upload(member, private_room)
        row = services.add(member, "board", "x", in_an_hour(), uuid.uuid4(), files=[file.pk])[0]
        message = messages.send(member, "board", "x", row.client_id, files=[file.pk])[0]
        ScheduledMessage.objects.update(send_at=timezone.now() - timedelta(minutes=1))
        queue.step()
        assert list(Message.objects.all()) == [message]
        assert not ScheduledMessage.objects.exists()

    def test_are_given_up_with_it(self, api, member, private_room, upload):
        file = upload(member, private_room)
        row = post(api(member), files=[str(file.pk)]).json()
        assert api(member).delete(f"/file/{file.pk}").status_code == 403
        assert api(member).delete(f"/scheduled/{row['id']}").status_code == 204
        assert not File.objects.kept().exists()

    def test_a_row_that_goes_otherwise_leaves_files_to_the_sweep(self, member, private_room, upload):
        file = upload(member, private_room)
        services.add(member, "board", "x", in_an_hour(), uuid.uuid4(), files=[file.pk])
        ScheduledMessage.objects.all().delete()
        File.objects.update(created_at=timezone.now() - timedelta(days=3))
        release_old()
        assert not File.objects.kept().exists()

    def test_are_changed(self, api, member, private_room, upload):
        first, second = upload(member, private_room), upload(member, private_room)
        row = post(api(member), files=[str(first.pk)]).json()
        path = f"/scheduled/{row['id']}"
        changed = api(member).patch(path, {"files": [str(second.pk)]}, format="json").json()
        assert [file["id"] for file in changed["files"]] == [str(second.pk)]
        assert set(File.objects.kept()) == {second}
        empty = api(member).patch(path, {"files": [], "body": ""}, format="json")
        assert (empty.status_code, set(empty.json()["fields"])) == (400, {"body"})
        assert set(File.objects.kept()) == {second}

    @pytest.mark.parametrize("whose", ["other", "room", "taken", "none"])
    def test_that_arent_ones_own_loose_ones_of_the_room_are_refused(
        self, api, owner, member, private_room, upload, whose
    ):
        file = upload(owner if whose == "other" else member, private_room)
        room = "board"
        if whose == "room":
            room = rooms.create_room(owner, "Other", members=["member"]).slug
        elif whose == "taken":
            assert post(api(member), files=[str(file.pk)]).status_code == 201
        pk = uuid.uuid4() if whose == "none" else file.pk
        refused = post(api(member), room=room, files=[str(pk)])
        assert (refused.status_code, set(refused.json()["fields"])) == (400, {"files"})
        assert ScheduledMessage.objects.count() == (whose == "taken")

    def test_a_repeat_is_the_same_and_other_files_are_a_conflict(self, api, member, private_room, upload):
        file, client_id = upload(member, private_room), str(uuid.uuid4())
        first = post(api(member), files=[str(file.pk)], client_id=client_id)
        again = post(api(member), files=[str(file.pk)], client_id=client_id)
        assert (again.status_code, again.json()) == (200, first.json())
        assert post(api(member), client_id=client_id).json()["code"] == "conflict"

    def test_one_that_is_gone_is_named_and_nothing_is_sent(
        self, api, client, member, private_room, upload, queue
    ):
        file, other = upload(member, private_room, "plan.txt"), upload(member, private_room, "map.txt")
        row = post(api(member), files=[str(file.pk), str(other.pk)]).json()
        File.objects.filter(pk=file.pk).update(released_at=timezone.now())
        ScheduledMessage.objects.update(send_at=timezone.now() - timedelta(minutes=1))
        queue.step()
        failed = api(member).get(f"/scheduled/{row['id']}").json()
        assert (failed["state"], failed["error"]["code"]) == ("failed", "invalid")
        assert "plan.txt" in failed["error"]["detail"]
        assert "map.txt" not in failed["error"]["detail"]
        assert not Message.objects.exists()
        # Changing it by the page leaves the missing one out.
        client.force_login(member)
        page = client.get(f"/later/scheduled/{row['id']}").text
        assert "map.txt" in page
        assert "plan.txt" not in page
        form = {"body": "x", "kept": [str(other.pk)], "when": "tomorrow"}
        assert client.post(f"/later/scheduled/{row['id']}", form).status_code == 302
        assert [each["name"] for each in ScheduledMessage.objects.get().files] == ["map.txt"]

    def test_count_in_the_quota_once(self, member, private_room, upload):
        file = upload(member, private_room, data=b"x" * 100)
        before = owned_bytes(member)
        services.add(member, "board", "x", in_an_hour(), uuid.uuid4(), files=[file.pk])
        assert owned_bytes(member) == before > 0

    def test_a_list_with_files_costs_one_query_more(
        self, api, member, private_room, upload, django_assert_num_queries
    ):
        for _ in range(3):
            file = upload(member, private_room)
            services.add(member, "board", "x", in_an_hour(), uuid.uuid4(), files=[file.pk])
        with django_assert_num_queries(2):
            api(member).get("/scheduled")

    def test_are_chosen_without_scripts(self, client, member, private_room, uploads):
        client.force_login(member)
        form = {"client_id": str(uuid.uuid4()), "reply_to": "", "body": "", "when": "own", "at": ""}
        upload = SimpleUploadedFile("plan.txt", b"some words", "text/plain")
        refused = client.post("/chat/board/later", {**form, "upload": upload})
        assert refused.status_code == 400
        file = File.objects.get()
        assert f'value="{file.pk}"' in refused.text
        kept = {**form, "kept": [str(file.pk)], "when": "tomorrow"}
        assert client.post("/chat/board/later", kept).status_code == 302
        row = ScheduledMessage.objects.get()
        assert [each["name"] for each in row.files] == ["plan.txt"]
        assert "plan.txt" in client.get("/later/scheduled").text


def owned_bytes(user):
    return File.objects.kept().filter(owner=user).aggregate(total=Sum("size"))["total"] or 0
