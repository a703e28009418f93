"""How much one person may make: so many in an hour, so many in all, over every door."""

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import services as accounts
from accounts.models import Invite, User
from chatsite.contract.errors import Invalid, QuotaExceeded, RateLimited
from rooms import directs, services
from rooms.membership import membership
from rooms.membership.invites import make_room_invite
from rooms.models import Event, Membership, Room

pytestmark = pytest.mark.django_db


def room_by_rest(api, client, n):
    return api.post("/room", {"name": f"Room {n}"}, format="json")


def room_by_form(api, client, n):
    return client.post("/chat/new", {"name": f"Room {n}", "kind": "public"})


def room_by_browsable(api, client, n):
    return client.post("/room", {"name": f"Room {n}", "kind": "public"}, headers={"accept": "text/html"})


def direct_by_rest(api, client, n):
    return api.post("/room", {"kind": "direct", "members": [f"person{n}"]}, format="json")


def direct_by_form(api, client, n):
    return client.post("/direct/new", {"members": [f"person{n}"]})


def addition_by_rest(api, client, n):
    return api.post("/room/board/member", {"username": f"person{n}"}, format="json")


def addition_by_form(api, client, n):
    return client.post("/chat/board/members", {"username": f"person{n}"})


def addition_with_the_room(api, client, n):
    return api.post("/room", {"name": "More", "members": [f"person{n}"]}, format="json")


def invite_by_rest(api, client, n):
    return api.post("/room/board/invite")


def invite_by_form(api, client, n):
    return client.post("/chat/board/invite", {"days": "7", "max_uses": "5"})


DOORS = [
    (room_by_rest, "ROOMS"),
    (room_by_form, "ROOMS"),
    (room_by_browsable, "ROOMS"),
    (direct_by_rest, "DIRECTS"),
    (direct_by_form, "DIRECTS"),
    (addition_by_rest, "ADDITIONS"),
    (addition_by_form, "ADDITIONS"),
    (addition_with_the_room, "ADDITIONS"),
    (invite_by_rest, "INVITES"),
    (invite_by_form, "INVITES"),
]


@pytest.fixture
def scene(private_room, make_person):
    for n in range(4):
        make_person(f"person{n}")


def made():
    return Room.objects.count(), Membership.objects.count(), Invite.objects.count(), Event.objects.count()


@pytest.mark.parametrize(("door", "quota"), DOORS)
@pytest.mark.usefixtures("one_window")
def test_so_many_in_an_hour(scene, api, client_of, owner, settings, door, quota):
    setattr(settings, f"{quota}_PER_HOUR", 2)
    cache.clear()
    rest, client = api(owner), client_of(owner)
    assert [door(rest, client, n).status_code in (201, 302) for n in range(2)] == [True, True]
    before = made()
    refused = door(rest, client, 2)
    assert made() == before
    if "rest" in door.__name__ or "with" in door.__name__:
        assert (refused.status_code, refused.data["code"]) == (429, "rate_limited")
        assert 0 < refused.data["retry_after"] <= 3600
    else:
        assert refused.status_code in (400, 429)
        assert "Too many" in refused.text


@pytest.mark.parametrize(("door", "quota"), DOORS)
def test_so_many_in_all(scene, api, client_of, owner, settings, door, quota):
    setattr(settings, f"{quota}_PER_USER", {"ROOMS": 3}.get(quota, 2))
    rest, client = api(owner), client_of(owner)
    assert [door(rest, client, n).status_code in (201, 302) for n in range(2)] == [True, True]
    before = made()
    refused = door(rest, client, 2)
    assert made() == before
    if "rest" in door.__name__ or "with" in door.__name__:
        assert (refused.status_code, refused.data["code"]) == (403, "quota_exceeded")
        assert "retry_after" not in refused.data
    else:
        assert refused.status_code in (400, 403)
        assert "the most" in refused.text


@pytest.mark.parametrize(("door", "quota"), DOORS)
@pytest.mark.parametrize("kind", ["HOUR", "USER"])
def test_nought_is_no_limit_and_administrators_have_none(
    scene, api, client_of, owner, settings, door, quota, kind
):
    setattr(settings, f"{quota}_PER_{kind}", 0)
    rest, client = api(owner), client_of(owner)
    assert door(rest, client, 0).status_code in (201, 302)
    setattr(settings, f"{quota}_PER_{kind}", 1)
    User.objects.filter(pk=owner.pk).update(is_superuser=True)
    rest = api(User.objects.get(pk=owner.pk))
    for n in (1, 2):
        assert door(rest, client, n).status_code in (201, 302)


@pytest.mark.usefixtures("one_window")
def test_it_is_counted_for_each_person(owner, member, settings):
    settings.ROOMS_PER_HOUR = settings.ROOMS_PER_USER = 1
    for user in (owner, member):
        services.create_room(user, "Mine")
    with pytest.raises(RateLimited):
        services.create_room(owner, "More")


def test_a_direct_room_that_there_is_opens_without_end(owner, member, settings):
    settings.DIRECTS_PER_HOUR = settings.DIRECTS_PER_USER = 1
    room, new = directs.open_direct(owner, ["member"])
    assert new
    for _ in range(3):
        assert directs.open_direct(owner, ["MEMBER", "member"]) == (room, False)


@pytest.mark.usefixtures("one_window")
def test_several_at_once_that_are_too_many_leave_what_was_left(owner, settings, make_person):
    settings.ADDITIONS_PER_HOUR = 3
    names = [make_person(f"person{n}").username for n in range(4)]
    with pytest.raises(RateLimited):
        services.create_room(owner, "Four", members=names)
    assert services.create_room(owner, "Three", members=names[:3]).memberships.count() == 4


def test_whom_somebody_adds_again_costs_nothing(owner, member, private_room, settings):
    settings.ADDITIONS_PER_HOUR = settings.ADDITIONS_PER_USER = 1
    for _ in range(3):
        membership.add_member(owner, "board", "member")


def test_who_came_by_a_link_or_by_themselves_was_added_by_nobody(
    owner, member, stranger, public_room, private_room
):
    membership.join_room(stranger, public_room.slug)
    accounts.use_invite(stranger, make_room_invite(owner, "board").invite.code)
    assert not Membership.objects.filter(added_by__isnull=False).exists()
    membership.add_member(owner, "board", "member")
    room = services.create_room(owner, "New", members=["stranger", "member"])
    assert set(Membership.objects.filter(added_by=owner)) == set(room.memberships.exclude(user=owner))


def test_what_is_revoked_run_out_or_used_up_is_counted_no_more(owner, private_room, settings):
    settings.INVITES_PER_USER = 1
    first = make_room_invite(owner, "board")
    with pytest.raises(QuotaExceeded):
        make_room_invite(owner, "board")
    accounts.revoke_invite(first.invite)
    second = make_room_invite(owner, "board", max_uses=1).invite
    Invite.objects.filter(pk=second.pk).update(uses=1)
    third = make_room_invite(owner, "board").invite
    Invite.objects.filter(pk=third.pk).update(expires_at=third.created_at)
    make_room_invite(owner, "board")


def statements(act):
    with CaptureQueriesContext(connection) as captured:
        act()
    return len(captured)


def test_a_room_of_many_takes_no_more_statements_than_one_of_few(owner, make_person):
    names = [make_person(f"person{n:02}").username for n in range(59)]
    few = statements(lambda: services.create_room(owner, "Few", members=names[:2]))
    assert statements(lambda: services.create_room(owner, "Many", members=names)) == few


def test_many_come_in_the_order_they_were_named_each_with_a_line_of_its_own(
    owner, make_person, django_capture_on_commit_callbacks, monkeypatch
):
    told = []
    monkeypatch.setattr("rooms.log.log.delivery.to_log", lambda *event: told.append(event))
    names = [make_person(f"person{n:02}").username for n in range(20)][::-1]
    with django_capture_on_commit_callbacks(execute=True):
        room = services.create_room(owner, "Many", members=[*names, names[0].upper(), "owner"])
    lines = list(room.events.order_by("seq").values_list("seq", "event", "user__username"))
    assert lines == [(n, "member-joined", name) for n, name in enumerate(["owner", *names], 1)]
    assert [(name, data["seq"], data["user"]["username"]) for _, name, data, _ in told] == [
        (event, seq, username) for seq, event, username in lines
    ]
    assert [data.get("by") for _, _, data, _ in told] == [None] + ["owner"] * 20
    assert dict(room.memberships.values_list("user__username", "read_seq")) == {
        username: seq for seq, _, username in lines
    }
    assert Room.objects.get(pk=room.pk).head == 21


def test_one_request_names_at_most_a_hundred(owner, api):
    with pytest.raises(Invalid):
        membership.people(f"person{n}" for n in range(101))
    names = [f"person{n}" for n in range(101)]
    refused = api(owner).post("/room", {"name": "x", "members": names}, format="json")
    assert (refused.status_code, list(refused.data["fields"])) == (400, ["members"])


def test_who_is_missing_is_named_and_nothing_is_made(owner, member):
    before = made()
    with pytest.raises(Invalid) as refused:
        services.create_room(owner, "New", members=["member", "nobody.here", "a b", "\u212aate"])
    assert len(refused.value.fields["members"]) == 3
    assert made() == before
