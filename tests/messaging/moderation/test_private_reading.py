"""What is said in private and direct rooms, in the administration: after a reason, for a while, and on record."""

import re
import uuid
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from chatsite.contract.errors import Forbidden, Invalid
from messaging import private_reading, services
from messaging.models import PrivateReading
from messaging.reactions.services import react
from rooms import directs
from rooms.membership import membership
from tests.support.administration_actions import act_url, carry_out

pytestmark = pytest.mark.django_db

SECRET = "the combination is 4711"
REASON = "Reported by the member: threats"
LIST = "/admin/messaging/message/"


def visitor(**ranks):
    user = User.objects.create_user("boss", password="correct horse battery", is_staff=True, **ranks)
    client = Client()
    client.force_login(user)
    client.user = user
    return client


@pytest.fixture(params=["moderator-direct", "administrator-private"])
def who_and_where(request):
    """Each rank and each kind of room; which rank reads which kind makes no difference."""
    return request.param.split("-")


@pytest.fixture
def moderating(who_and_where, db):
    return visitor(is_superuser=who_and_where[0] == "administrator")


@pytest.fixture
def room(who_and_where, owner, member, private_room):
    return private_room if who_and_where[1] == "private" else directs.open_direct(owner, ["member"])[0]


@pytest.fixture
def message(owner, room):
    first = services.send(owner, room.slug, SECRET, uuid.uuid4())[0]
    return services.send(owner, room.slug, f"again: {SECRET}", uuid.uuid4(), reply_to=first.pk)[0]


def give_reason(client, room, reason=REASON, **data):
    return client.post(reverse("admin:messaging_message_reason", args=[room.pk]), {"reason": reason, **data})


def pages(message, room):
    """Everything in the administration that could show it, with what was done to it before."""
    key = "member,owner" if room.kind == "direct" else room.slug
    pk = message.pk
    return [
        "/admin/",
        LIST,
        *(f"{LIST}?{query}" for query in (f"room={key}", "from=owner", "q=combination", "q=4711+room:board")),
        f"{LIST}?state=hidden",
        *(f"{LIST}{pk}/{page}/" for page in ("change", "history", "delete")),
        act_url("hide", message),
        act_url("restore", message),
        reverse("admin:messaging_message_reason", args=[room.pk]),
        f"/admin/rooms/room/{room.pk}/change/",
        f"/admin/rooms/room/{room.pk}/history/",
        "/admin/autocomplete/?app_label=messaging&model_name=message&field_name=reply_to&term=4711",
        "/admin/autocomplete/?app_label=messaging&model_name=message&field_name=room&term=own",
        *(f"/admin/complete/{what}/?term={term}" for what in ("rooms", "people") for term in ("4711", "own")),
        *(f"/admin/rooms/membership/{query}" for query in ("", f"?room={key}")),
        *(f"/admin/rooms/{page}" for page in ("membership/", "ban/", "room/?q=4711", "room/?q=own")),
        f"{LIST}?_to_field=body&o=1.2.3.4.5",
    ]


def test_nothing_shows_it_before_a_reason_is_given(moderating, message, room, owner):
    react(owner, message.pk, "🦉")
    services.hide(message, moderating.user)
    carry_out(moderating, "restore", message)
    services.hide(message, moderating.user)
    for page in pages(message, room):
        text = moderating.get(page).text
        assert "4711" not in re.sub(r'name="q"[^>]*', "", text), page
        assert "🦉" not in text, page
        assert not re.search(r"d-[0-9a-f]{16}|Django", text), page
    assert "0 messages" in moderating.get(f"{LIST}?q=combination").text
    assert "4711" not in "".join(
        f"{entry.object_repr}{entry.change_message}" for entry in LogEntry.objects.all()
    )


def test_a_reason_is_recorded_and_opens_one_room_for_an_hour(moderating, message, room, owner):
    other = directs.open_direct(owner, ["boss"])[0]
    services.send(owner, other.slug, "elsewhere", uuid.uuid4())
    react(owner, message.pk, "🦉")
    change = f"{LIST}{message.pk}/change/"
    answer = give_reason(moderating, room, next=change)
    assert (answer.status_code, answer.url) == (302, change)
    shown = moderating.get(change).text
    assert f"again: {SECRET}" in shown
    assert "🦉 1</dt><dd><bdi>owner</bdi>" in shown
    listed = moderating.get(LIST).text
    assert SECRET in listed
    assert "elsewhere" not in listed
    assert "2 messages" in moderating.get(f"{LIST}?q=combination").text
    reading = PrivateReading.objects.get()
    assert (reading.moderator, reading.room, reading.reason) == (moderating.user, room, REASON)
    assert timedelta(minutes=59) < reading.expires_at - timezone.now() <= timedelta(hours=1)
    PrivateReading.objects.update(expires_at=timezone.now())
    for page in (LIST, change, f"{LIST}?q=combination"):
        assert SECRET not in moderating.get(page).text


def test_a_reason_is_one_person_s(moderating, message, room, owner):
    private_reading.give_reason(moderating.user, room, REASON)
    another = User.objects.create_user("another", is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(another)
    assert SECRET not in client.get(LIST).text
    assert not private_reading.may_read(another, room)


def test_given_twice_it_is_recorded_once(moderating, room):
    for reason in (REASON, "another reason for the same"):
        assert give_reason(moderating, room, reason).status_code == 302
    assert PrivateReading.objects.get().reason == REASON
    assert moderating.get(reverse("admin:messaging_message_reason", args=[room.pk])).status_code == 302


@pytest.mark.parametrize("reason", ["", "why not", " " * 40, "x" * 501, "\0" * 20])
def test_a_reason_says_something(moderating, room, reason):
    answer = give_reason(moderating, room, reason)
    assert (answer.status_code, PrivateReading.objects.exists()) == (400, False)
    assert 'role="alert"' in answer.text


@pytest.mark.parametrize(
    "way", ["https://evil.example/", "//evil.example/admin/", "/logout", "/admin\\@evil"]
)
def test_it_leads_nowhere_else(moderating, room, way):
    assert give_reason(moderating, room, next=way).url.startswith(LIST)


@pytest.mark.parametrize("who", ["owner", "member", "stranger", None, "banned moderator"])
def test_who_moderates_nothing_reads_and_undoes_nothing(client, message, room, owner, stranger, who):
    """Members of the room neither: they read it where it was said."""
    boss = User.objects.create_user("boss", is_staff=True, is_banned=True)
    user = boss if who == "banned moderator" else User.objects.filter(username=who).first()
    if user:
        client.force_login(user)
        with pytest.raises(Forbidden):
            private_reading.give_reason(user, room, REASON)
    services.hide(message, owner)
    assert give_reason(client, room).url.startswith("/admin/login/")
    assert carry_out(client, "restore", message).redirect_chain[0][0].startswith("/admin/login/")
    for page in (LIST, f"{LIST}{message.pk}/change/", "/admin/messaging/privatereading/"):
        assert client.get(page).status_code == 302, page
    message.refresh_from_db()
    assert message.gone
    assert not PrivateReading.objects.exists()


def test_nobody_is_put_where_they_would_read_it_without_a_reason(moderating, room, stranger):
    """Neither the moderator nor an account of theirs, and a direct room keeps its people."""
    was = set(room.memberships.values_list("user_id", flat=True))
    fields = {"name": room.name, "topic": "", "memberships-INITIAL_FORMS": 0, "memberships-TOTAL_FORMS": 2}
    for number, user in enumerate((moderating.user, stranger)):
        new = {"room": room.pk, "user": user.pk, "role": "member"}
        fields |= {f"memberships-{number}-{name}": value for name, value in new.items()}
    fields |= {"bans-INITIAL_FORMS": 0, "bans-TOTAL_FORMS": 0}
    page = f"/admin/rooms/room/{room.pk}/change/"
    assert moderating.post(page, fields).status_code == 302
    # An administrator can set anybody's password: for them it is no way round.
    may = {stranger.pk} if moderating.user.is_superuser and room.kind == "private" else set()
    assert set(room.memberships.values_list("user_id", flat=True)) == was | may


def test_a_direct_room_keeps_its_people_and_bans_nobody(moderating, owner, member):
    room = directs.open_direct(owner, ["member"])[0]
    mine = room.memberships.get(user=member)
    assert (
        "1 membership: a direct conversation keeps its people"
        in moderating.get(act_url("take_away", mine)).text
    )
    carry_out(moderating, "take_away", mine)
    rows = {"memberships-0-id": mine.pk, "memberships-0-room": room.pk, "memberships-0-user": member.pk}
    rows |= {"memberships-0-role": "member", "memberships-0-DELETE": "on"}
    totals = {"memberships-INITIAL_FORMS": 1, "memberships-TOTAL_FORMS": 1}
    bans = {"bans-INITIAL_FORMS": 0, "bans-TOTAL_FORMS": 1, "bans-0-room": room.pk, "bans-0-user": owner.pk}
    moderating.post(f"/admin/rooms/room/{room.pk}/change/", {**totals, **rows, **bans})
    assert room.memberships.count() == 2
    assert not room.bans.exists()


def test_a_public_room_needs_none(moderating, public_room):
    assert moderating.get(reverse("admin:messaging_message_reason", args=[public_room.pk])).status_code == 404
    with pytest.raises(Forbidden):
        private_reading.give_reason(moderating.user, public_room, REASON)
    with pytest.raises(Invalid):
        private_reading.give_reason(
            moderating.user, directs.open_direct(public_room.created_by, ["boss"])[0], "no"
        )


def test_administrators_see_who_read_what_and_nobody_changes_it(moderating, room):
    reading = private_reading.give_reason(moderating.user, room, REASON)
    path = "/admin/messaging/privatereading/"
    rank = moderating.user.is_superuser
    assert (REASON in moderating.get(path).text) is rank
    assert (REASON in moderating.get("/admin/").text) is rank
    assert ("Private rooms read" in moderating.get(LIST).text) is rank
    for page in (f"{path}add/", f"{path}{reading.pk}/delete/"):
        assert moderating.post(page, {"post": "yes"}).status_code == 403
    moderating.post(f"{path}{reading.pk}/change/", {"reason": "none"})
    moderating.post(path, {"action": "delete_selected", "_selected_action": [reading.pk], "post": "yes"})
    assert PrivateReading.objects.get().reason == REASON


def test_its_page_leads_into_the_room_only_who_is_in_it(moderating, message, room, owner):
    page, way = f"{LIST}{message.pk}/change/", f"/chat/{room.slug}/message/{message.pk}"
    private_reading.give_reason(moderating.user, room, REASON)
    assert way not in moderating.get(page).text
    membership.grant(room, moderating.user)
    assert way in moderating.get(page).text


def test_names_stand_for_a_direct_room(moderating, owner, member):
    User.objects.filter(pk=owner.pk).update(display_name="Ada")
    room = directs.open_direct(owner, ["member"])[0]
    services.send(owner, room.slug, "hello", uuid.uuid4())
    for page in ("/admin/rooms/room/", "/admin/rooms/membership/", LIST, f"{LIST}?room=owner,member"):
        text = moderating.get(page).text
        assert "member, Ada (@owner)" in text, page
        assert room.slug not in text, page
