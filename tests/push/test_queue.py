"""What devices are told, and what becomes of pushes that aren't taken."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import SiteSettings
from accounts.presence import activity
from messaging import services as messages
from push import services
from push.delivery import queue as push_queue
from push.delivery.queue import Sender
from push.devices import services as devices
from push.models import Kind, PushNotice, PushSubscription
from rooms.membership import membership
from rooms.models import Membership

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nobody_active():
    activity.here.clear()
    activity.elsewhere.clear()
    yield
    activity.here.clear()
    activity.elsewhere.clear()


@pytest.fixture
def connection(member):
    """A page of the member's, as the server knows it."""
    identity = type("Identity", (), {"user_id": member.pk})
    return type("Connection", (), {"identity": identity, "sid": "one"})


def test_a_push_says_what_was_said_and_only_its_device_reads_it(member, owner, add, say, send):
    row, device = add(member)
    _, others = add(owner)
    message = say("Grüße, **all**", to=[member])
    send()
    [push] = device.pushes
    assert (push.text["title"], push.text["body"]) == ("Board", "owner: Grüße, **all**")
    assert (push.text["room"], push.text["count"], push.text["read"]) == ("board", 1, [])
    assert push.text["url"] == f"/chat/board/message/{message.pk}"
    assert (push.headers["Topic"], push.headers["Urgency"]) == (push.text["tag"], "normal")
    assert device.faults == []
    assert others.pushes == []
    row.refresh_from_db()
    assert row.last_success is not None


def test_a_rooms_notification_grows_and_keeps_its_tag_which_tells_nothing(
    member, make_person, private_room, add, say, send
):
    other = make_person("other")
    membership.grant(private_room, other)
    (_, device), (_, others) = add(member), add(other)
    for body in ("one", "two", "three"):
        say(body, to=[member, other])
        send()
    assert [text["count"] for text in device.texts] == [1, 2, 3]
    assert [text["body"] for text in device.texts] == ["owner: one", "owner: two", "owner: three"]
    [tag] = {text["tag"] for text in device.texts}
    assert {text["tag"] for text in others.texts} != {tag}
    assert "board" not in tag
    assert PushNotice.objects.count() == 2


def test_messages_that_come_before_the_push_was_sent_are_one_push(member, add, say, send):
    _, device = add(member)
    for body in ("one", "two"):
        say(body, to=[member])
    send()
    [text] = device.texts
    assert (text["count"], text["body"]) == (2, "owner: two")


def test_a_repeat_of_the_log_tells_nothing_again(member, add, say, send, private_room):
    _, device = add(member)
    message = say(to=[member])
    send()
    notice = services.Notice(Kind.ROOM, message.seq, "/", timezone.now(), room=private_room, message=message)
    services.notify(member.pk, notice)
    send()
    assert len(device.pushes) == 1


def test_what_was_read_before_is_never_sent(member, add, say, send, private_room):
    _, device = add(member)
    message = say(to=[member])
    services.withdraw(member.pk, private_room, message.seq)
    send()
    assert (device.pushes, PushNotice.objects.count()) == ([], 0)


def test_what_is_read_without_a_word_is_not_sent_either(member, add, say, send):
    _, device = add(member)
    message = say(to=[member])
    Membership.objects.filter(user=member).update(read_seq=message.seq)
    send()
    assert (device.pushes, PushNotice.objects.count()) == ([], 0)


def test_the_next_push_closes_what_was_read_elsewhere(member, owner, add, say, send, private_room):
    from rooms.directs import open_direct

    _, device = add(member)
    message = say(to=[member])
    send()
    services.withdraw(member.pk, private_room, message.seq)
    send()
    # Nothing is sent for it alone: iOS ends subscriptions that show nothing.
    assert len(device.pushes) == 1
    direct, _ = open_direct(owner, ["member"])
    say("hey", to=[member], kind=Kind.DIRECT, room=direct)
    send()
    first, second = device.texts
    assert second["read"] == [first["tag"]]
    assert (second["title"], second["body"]) == ("owner", "hey")
    assert device.pushes[1].headers["Urgency"] == "high"
    say("again", to=[member], kind=Kind.DIRECT, room=direct)
    send()
    assert device.texts[2]["read"] == []


def test_what_is_read_without_a_word_is_closed_too_and_begins_anew(member, add, say, send, make_person):
    from rooms.directs import open_direct

    _, device = add(member)
    message = say("one", to=[member])
    send()
    Membership.objects.filter(user=member, room=message.room).update(read_seq=message.seq)
    direct, _ = open_direct(make_person("other"), ["member"])
    say("hey", to=[member], kind=Kind.DIRECT, room=direct, by=direct.created_by)
    send()
    say("two", to=[member])
    send()
    first, second, third = device.texts
    assert (second["read"], third["read"]) == ([first["tag"]], [])
    assert third["count"] == 1


def test_a_room_that_was_read_begins_anew(member, add, say, send, private_room):
    _, device = add(member)
    message = say("one", to=[member])
    send()
    services.withdraw(member.pk, private_room, message.seq)
    say("two", to=[member])
    send()
    assert [text["count"] for text in device.texts] == [1, 1]
    assert device.texts[1]["read"] == []


@pytest.mark.parametrize("change", ["deleted", "edited", "left", "banned", "logged_out", "new_password"])
def test_all_is_asked_when_it_is_sent(member, owner, add, say, send, private_room, change):
    row, device = add(member)
    message = say("secret", to=[member])
    if change == "deleted":
        messages.delete(owner, message.pk)
    elif change == "edited":
        messages.edit(owner, message.pk, "corrected")
    elif change == "left":
        Membership.objects.filter(user=member).delete()
    elif change == "banned":
        type(member).objects.filter(pk=member.pk).update(is_banned=True)
    elif change == "logged_out":
        row.session.delete()
    elif change == "new_password":
        member.set_password("another password")
        member.save()
    send()
    assert [text["body"] for text in device.texts] == (["owner: corrected"] if change == "edited" else [])
    ended = change in ("logged_out", "new_password")
    assert PushSubscription.objects.filter(pk=row.pk).exists() != ended


@pytest.mark.parametrize("whose", ["site", "device"])
def test_without_content_a_push_says_only_what_kind_of_thing_happened(member, add, say, send, whose):
    row, device = add(member)
    if whose == "site":
        SiteSettings.load()
        SiteSettings.objects.update(push_content=False)
    else:
        devices.change(member, row.pk, content=False)
    say("secret", to=[member])
    send()
    [text] = device.texts
    assert text["title"] == "New message in a room"
    assert "body" not in text
    assert "secret" not in str(text)
    assert "owner" not in str(text)


@pytest.mark.parametrize("status", [404, 410])
def test_a_device_that_its_push_service_ended_goes(member, add, say, send, status):
    row, device = add(member)
    device.answers = [(status, {})]
    say(to=[member])
    send()
    assert not PushSubscription.objects.filter(pk=row.pk).exists()
    assert not PushNotice.objects.exists()


@pytest.mark.parametrize(("status", "after"), [(429, "7"), (503, "9"), (500, "")])
def test_a_busy_push_service_is_left_alone_and_asked_again(member, add, say, send, status, after):
    row, device = add(member)
    device.answers = [(status, {"Retry-After": after} if after else {})]
    say(to=[member])
    before = timezone.now()
    send()
    [notice] = PushNotice.objects.all()
    wait = timedelta(seconds=float(after or 30))
    assert before + wait <= notice.due_at <= timezone.now() + wait
    row.refresh_from_db()
    assert row.last_error == f"The push service answered {status}."
    assert device.pushes == []
    PushNotice.objects.update(due_at=timezone.now())
    send()
    assert len(device.pushes) == 1
    row.refresh_from_db()
    assert row.last_error == ""


def test_a_push_that_is_refused_isnt_repeated(member, add, say, send):
    row, device = add(member)
    device.answers = [(400, {})]
    say(to=[member])
    send()
    assert not PushNotice.objects.exists()
    row.refresh_from_db()
    assert row.last_error == "The push service answered 400."


def test_what_grows_while_it_is_sent_is_sent_again(member, add, say, send, sender, monkeypatch):
    _, device = add(member)
    ask = push_queue.ask

    def ask_slowly(*arguments):
        if not device.pushes:
            say("two", to=[member])
        return ask(*arguments)

    monkeypatch.setattr(push_queue, "ask", ask_slowly)
    say("one", to=[member])
    send()
    assert [text["count"] for text in device.texts] == [1, 2]


def test_a_row_of_a_killed_process_is_sent_by_another(member, add, say, send):
    _, device = add(member)
    say(to=[member])
    PushNotice.objects.update(claimed_until=timezone.now() + timedelta(seconds=50))
    send()
    assert device.pushes == []
    PushNotice.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    send()
    assert len(device.pushes) == 1


def test_nothing_is_pushed_while_the_person_is_active_at_the_desk(member, add, say, send, connection):
    _, device = add(member)
    activity.report(connection, active=True)
    say(to=[member])
    send()
    assert device.pushes == []
    assert (PushNotice.objects.get().due_at - timezone.now()).total_seconds() > 100
    # The page goes: what was held back is looked at again.
    activity.forget(connection)
    send()
    assert len(device.pushes) == 1


def test_what_was_held_back_and_read_at_the_desk_is_never_pushed(
    member, add, say, send, connection, private_room
):
    _, device = add(member)
    activity.report(connection, active=True)
    message = say(to=[member])
    services.withdraw(member.pk, private_room, message.seq)
    activity.report(connection, active=False)
    send()
    assert device.pushes == []


def test_who_is_active_still_when_a_held_push_is_due_is_left_in_peace(member, add, say, send, connection):
    _, device = add(member)
    activity.report(connection, active=True)
    say(to=[member])
    PushNotice.objects.update(due_at=timezone.now())
    send()
    assert device.pushes == []
    activity.here.clear()
    PushNotice.objects.update(due_at=timezone.now())
    send()
    assert len(device.pushes) == 1


def test_a_queue_of_many_people_is_a_constant_number_of_queries(
    add, say, make_person, private_room, django_assert_max_num_queries
):
    people = [make_person(f"person{n}") for n in range(3)]
    for person in people:
        membership.grant(private_room, person)
        add(person)
    message = say()
    notice = services.Notice(Kind.ROOM, message.seq, "/", timezone.now(), room=private_room, message=message)
    with django_assert_max_num_queries(9):
        services.notify_all([person.pk for person in people], notice)
    assert PushNotice.objects.count() == 3


def test_connections_to_a_push_service_are_kept(member, add, say, send, service):
    add(member)
    before = service.connections
    for _ in range(3):
        say(to=[member])
        send()
    # One by the child for push services of which nothing is known yet, and one by that for others.
    assert service.connections - before <= 2


def test_old_notifications_are_swept(member, add, say, send):
    add(member)
    say(to=[member])
    send()
    PushNotice.objects.update(at=timezone.now() - timedelta(days=31))
    assert (services.sweep(), PushNotice.objects.count()) == (1, 0)


def test_people_take_turns(member, make_person, private_room, add, say, sender):
    """Whoever has many devices holds up nobody: a job has few of each person."""
    other = make_person("other")
    membership.grant(private_room, other)
    for _ in range(6):
        add(member)
    add(other)
    say(to=[member, other])
    rows = sender._claim(sender._lanes[1])
    counts = [row.subscription.user_id for row in rows]
    assert (counts.count(member.pk), counts.count(other.pk)) == (4, 1)


def test_a_process_that_has_no_children_leaves_none():
    made = Sender()
    made.end()
    assert all(child.pid is None for child in made.children)
