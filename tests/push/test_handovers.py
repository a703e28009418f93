"""Why was I (not) told, by which of my devices: when it was handed over, and what its push service answered."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.presence import activity
from push.delivery import handovers
from push.devices import services as devices
from push.models import PushHandover, PushNotice, PushSubscription
from rooms.models import Membership

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nobody_active():
    activity.here.clear()
    yield
    activity.here.clear()


@pytest.fixture
def pushed(api):
    """`pushed(user, message)` is the answer about pushes, and the devices as (name, outcome, status, has a time)."""

    def pushed(user, message):
        answer = api(user).get(f"/message/{message.pk}/why")
        assert answer.status_code == 200
        [push] = [each for each in answer.data["channels"] if each["channel"] == "push"]
        return push, [
            (each["name"], each["outcome"], each["status"], each["at"] is not None)
            for each in push["devices"]
        ]

    return pushed


def test_what_was_handed_over_has_its_time_and_its_answer(member, owner, add, say, send, pushed):
    row, _ = add(member)
    add(owner)
    message = say("@member look", to=[member, owner])
    assert pushed(member, message)[1] == [("Firefox on Linux", "waiting", None, False)]
    send()
    push, found = pushed(member, message)
    assert found == [("Firefox on Linux", "delivered", 201, True)]
    assert (push["told"], push["rule"], push["devices"][0]["id"]) == (True, "mention", row.pk)
    assert push["at"] == push["devices"][0]["at"]


def test_devices_of_others_are_never_shown(api, member, owner, stranger, add, say, send, pushed):
    add(member)
    message = say("@member look", to=[member])
    send()
    assert PushHandover.objects.count() == 1
    assert pushed(owner, message)[1] == []
    assert api(stranger).get(f"/message/{message.pk}/why").status_code == 404
    assert api(None).get(f"/message/{message.pk}/why").status_code == 401


@pytest.mark.parametrize(
    ("status", "outcome"), [(410, "gone"), (404, "gone"), (400, "refused"), (503, "waiting")]
)
def test_what_was_not_taken(member, add, say, send, pushed, status, outcome):
    row, device = add(member)
    device.answers = [(status, {})]
    message = say("@member look", to=[member])
    send()
    assert pushed(member, message)[1] == [("Firefox on Linux", outcome, status, True)]
    assert PushSubscription.objects.filter(pk=row.pk).exists() == (outcome != "gone")
    PushNotice.objects.update(due_at=timezone.now())
    send()
    if outcome == "waiting":
        assert pushed(member, message)[1] == [("Firefox on Linux", "delivered", 201, True)]


def test_what_was_read_first_was_withdrawn(member, add, say, send, pushed):
    add(member)
    message = say("@member look", to=[member])
    Membership.objects.filter(user=member).update(read_seq=message.seq)
    send()
    push, found = pushed(member, message)
    assert found == [("Firefox on Linux", "withdrawn", None, True)]
    assert "had read it" in push["devices"][0]["words"]


def test_each_message_has_the_push_that_told_it(member, add, say, send, pushed):
    add(member)
    first, second = (say(f"@member {number}", to=[member]) for number in "12")
    send()
    third = say("@member 3", to=[member])
    send()
    assert PushHandover.objects.count() == 2
    times = [pushed(member, message)[0]["at"] for message in (first, second, third)]
    assert times[0] == times[1] < times[2]


def test_a_message_that_was_read_before_isnt_that_of_a_later_push(member, add, say, send, pushed):
    add(member)
    first = say("@member 1", to=[member])
    Membership.objects.filter(user=member).update(read_seq=first.seq)
    send()
    second = say("@member 2", to=[member])
    send()
    assert pushed(member, first)[1][0][1] == "withdrawn"
    assert pushed(member, second)[1][0][1] == "delivered"


def test_a_removed_device_is_named_and_one_that_came_later_isnt(member, add, say, send, pushed):
    row, _ = add(member)
    message = say("@member look", to=[member])
    send()
    devices.remove(member, row.pk)
    add(member)
    assert pushed(member, message)[1] == [("Firefox on Linux", "delivered", 201, True)]


def test_what_is_too_old_is_no_longer_known(member, add, say, send, pushed, monkeypatch):
    add(member)
    message = say("@member look", to=[member])
    send()
    assert handovers.sweep() == 0
    type(message).objects.update(created_at=timezone.now() - timedelta(days=15))
    PushSubscription.objects.update(created_at=timezone.now() - timedelta(days=20))
    PushHandover.objects.update(at=timezone.now() - timedelta(days=15))
    assert handovers.sweep() == 1
    push, found = pushed(member, message)
    assert found == [("Firefox on Linux", "unknown", None, False)]
    assert "no longer known" in push["devices"][0]["words"]


def test_a_person_has_a_bounded_number(member, add, say, send, monkeypatch):
    monkeypatch.setattr(handovers, "MAX_PER_PERSON", 2)
    add(member)
    for number in range(4):
        say(f"@member {number}", to=[member])
        send()
    last = set(PushHandover.objects.order_by("-pk").values_list("pk", flat=True)[:2])
    assert handovers.sweep() == 2
    assert set(PushHandover.objects.values_list("pk", flat=True)) == last


def test_the_page_names_the_device(client, member, add, say, send):
    add(member)
    message = say("@member look", to=[member])
    send()
    client.force_login(member)
    page = client.get(f"/chat/board/message/{message.pk}/why").content.decode()
    assert "<strong>Firefox on Linux</strong>" in page
    assert "Its push service took it (201)." in page


def test_asking_costs_as_many_queries_for_many_devices_as_for_one(member, add, say, send, pushed):
    counts = []
    for more in (1, 3):
        for _ in range(more):
            add(member)
        message = say("@member look", to=[member])
        send()
        with CaptureQueriesContext(connection) as captured:
            assert len(pushed(member, message)[1]) == len(counts) * 3 + 1
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_the_dialogs_part_is_for_the_same_people(client, member, owner, stranger, add, say, send):
    add(member)
    path = f"/chat/board/message/{say('@member look', to=[member]).pk}/why?part"
    send()
    assert client.get(path).status_code == 302
    for person, status, named in ((member, 200, True), (owner, 200, False), (stranger, 404, False)):
        client.force_login(person)
        answer = client.get(path)
        assert (answer.status_code, "Firefox on Linux" in answer.text) == (status, named)
