import pytest
from django.urls import reverse

from accounts.models import User
from chatsite.realtime.delivery import revocation
from chatsite.web.administration.lists import MAX_INLINE_ROWS
from rooms import access, directs
from rooms.models import Ban, Event, Membership, Room
from tests.support.administration_actions import act_url, carry_out

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client, db):
    client.force_login(User.objects.create_superuser("boss", password="correct horse battery"))
    return client


def inline(prefix, *rows, initial=0):
    data = {f"{prefix}-TOTAL_FORMS": len(rows), f"{prefix}-INITIAL_FORMS": initial}
    for number, row in enumerate(rows):
        data |= {f"{prefix}-{number}-{key}": value for key, value in row.items()}
    return data


def save(admin, room, members=(), bans=(), follow=False, **fields):
    data = {"name": room.name, "topic": room.topic, **fields}
    for prefix, given in (("memberships", members), ("bans", bans)):
        data |= inline(prefix, *given, initial=sum(1 for row in given if row.get("id")))
    return admin.post(reverse("admin:rooms_room_change", args=[room.pk]), data, follow=follow)


def rows(room):
    return [
        {"id": m.pk, "room": room.pk, "user": m.user_id, "role": m.role}
        for m in room.memberships.order_by("pk")
    ]


def test_every_page_opens(admin, private_room):
    assert private_room.name in admin.get(reverse("admin:rooms_room_changelist")).text
    assert admin.get(reverse("admin:rooms_room_change", args=[private_room.pk])).status_code == 200
    assert admin.get(reverse("admin:rooms_room_add")).status_code == 403


def test_a_new_name_is_written_to_the_log(admin, private_room):
    assert save(admin, private_room, rows(private_room), name="New name").status_code == 302
    event = Event.objects.filter(room=private_room).last()
    assert (event.event, event.data["name"], event.user.username) == ("room-updated", "New name", "boss")


def test_whoever_is_muted_is_looked_at_again_by_who_stores_messages(
    admin, private_room, django_capture_on_commit_callbacks
):
    members, before = rows(private_room), revocation.revocations()
    members[1] |= {"muted": "on"}
    with django_capture_on_commit_callbacks(execute=True):
        assert save(admin, private_room, members).status_code == 302
    assert private_room.memberships.get(muted=True).pk == members[1]["id"]
    assert revocation.revocations() > before


def test_members_come_and_go_through_the_log(admin, private_room, member, stranger):
    members = rows(private_room)
    members[1] |= {"DELETE": "on"}
    new = {"room": private_room.pk, "user": stranger.pk, "role": "moderator"}
    assert save(admin, private_room, [*members, new]).status_code == 302
    assert access.membership_for(stranger, private_room.slug).role == "moderator"
    assert not Membership.objects.filter(room=private_room, user=member).exists()
    events = list(Event.objects.filter(room=private_room).order_by("seq").values_list("event", flat=True))
    assert events[2:] == ["member-left", "member-joined"]


def test_nobody_adds_themselves_to_a_private_room(admin, private_room, public_room):
    boss = User.objects.get(username="boss")
    for room, inside in ((private_room, False), (public_room, True)):
        new = {"room": room.pk, "user": boss.pk, "role": "member"}
        assert save(admin, room, [*rows(room), new]).status_code == 302
        assert Membership.objects.filter(room=room, user=boss).exists() is inside


def test_a_direct_room_s_page_has_names_and_takes_its_members(admin, owner, member):
    room = directs.open_direct(owner, ["member"])[0]
    text = admin.get(reverse("admin:rooms_room_change", args=[room.pk])).text
    assert "member, owner" in text
    assert room.slug not in text
    members = rows(room)
    members[0] |= {"muted": "on"}
    done = admin.post(
        reverse("admin:rooms_room_change", args=[room.pk]),
        inline("memberships", *members, initial=2) | inline("bans"),
        follow=True,
    )
    assert "errorlist" not in done.text
    assert "named by its people" not in done.text
    assert room.memberships.filter(muted=True).count() == 1


def test_a_ban_puts_its_person_out(admin, private_room, member):
    bans = [{"room": private_room.pk, "user": member.pk}]
    assert save(admin, private_room, rows(private_room), bans).status_code == 302
    assert Ban.objects.get().created_by.username == "boss"
    assert not Membership.objects.filter(room=private_room, user=member).exists()


def test_nobody_banned_comes_in_and_no_room_is_left_without_an_owner(
    admin, private_room, owner, member, stranger
):
    Ban.objects.create(room=private_room, user=stranger)
    members = rows(private_room)
    members[0] |= {"DELETE": "on"}
    new = {"room": private_room.pk, "user": stranger.pk, "role": "member"}
    save(admin, private_room, [*members, new])
    assert not Membership.objects.filter(room=private_room, user=stranger).exists()
    assert access.membership_for(member, private_room.slug).role == "owner"


def test_the_last_owner_stays_one_until_another_is_named(admin, private_room, owner, member):
    mine, theirs = (private_room.memberships.get(user=user) for user in (owner, member))
    page = reverse("admin:rooms_membership_change", args=[mine.pk])
    assert "A room needs an owner" in admin.post(page, {"role": "member"}, follow=True).text
    members = rows(private_room)
    members[0] |= {"role": "member"}
    assert "A room needs an owner" in save(admin, private_room, members, follow=True).text
    members[1] |= {"role": "owner"}
    save(admin, private_room, members)
    roles = dict(private_room.memberships.values_list("pk", "role"))
    assert roles == {mine.pk: "member", theirs.pk: "owner"}


def test_archive_and_bring_back(admin, private_room):
    general = Room.objects.get(slug="general")
    assert "1 room: everyone is in it" in admin.get(act_url("archive", private_room, general)).text
    carry_out(admin, "archive", private_room, general)
    private_room.refresh_from_db()
    general.refresh_from_db()
    assert (private_room.archived, general.archived) == (True, False)
    carry_out(admin, "bring_back", private_room)
    private_room.refresh_from_db()
    assert not private_room.archived


def test_the_list_costs_the_same_for_many_rooms(admin, owner):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from rooms import services

    def queries():
        with CaptureQueriesContext(connection) as captured:
            admin.get(reverse("admin:rooms_room_changelist"))
        return len(captured)

    queries()
    few = queries()
    for number in range(5):
        services.create_room(owner, f"room {number}")
    assert queries() == few


def test_only_moderators_of_the_site_come_in(client, owner):
    client.force_login(owner)
    assert client.get(reverse("admin:rooms_room_changelist")).status_code == 302


def test_a_large_room_shows_its_first_members_and_keeps_the_others(admin, private_room, make_person):
    people = User.objects.bulk_create(User(username=f"person{n:02}", password="!") for n in range(30))
    Membership.objects.bulk_create(Membership(room=private_room, user=person) for person in people)
    page = admin.get(reverse("admin:rooms_room_change", args=[private_room.pk])).text
    assert page.count("-DELETE") // 2 <= MAX_INLINE_ROWS + 2
    first = rows(private_room)[:MAX_INLINE_ROWS]
    first[1] |= {"role": "moderator"}
    assert save(admin, private_room, first, topic="New").status_code == 302
    assert Membership.objects.get(pk=first[1]["id"]).role == "moderator"
    assert private_room.memberships.count() == 32


def test_a_member_is_found_and_taken_away_through_the_log(admin, private_room, owner, member):
    page = reverse("admin:rooms_membership_changelist")
    text = admin.get(page, {"q": "room:board memb"}).text
    assert "member" in text
    assert "1 membership" in text
    mine = private_room.memberships.get(user=member)
    assert admin.get(reverse("admin:rooms_membership_change", args=[mine.pk])).status_code == 200
    carry_out(admin, "take_away", mine)
    assert not Membership.objects.filter(pk=mine.pk).exists()
    assert Event.objects.filter(room=private_room).last().event == "member-left"
    for name in ("add", "delete"):
        arguments = [] if name == "add" else [private_room.memberships.get(user=owner).pk]
        assert admin.post(reverse(f"admin:rooms_membership_{name}", args=arguments)).status_code == 403


def test_a_member_is_muted_and_promoted_there(
    admin, private_room, member, django_capture_on_commit_callbacks
):
    mine, before = private_room.memberships.get(user=member), revocation.revocations()
    with django_capture_on_commit_callbacks(execute=True):
        done = admin.post(
            reverse("admin:rooms_membership_change", args=[mine.pk]), {"role": "moderator", "muted": "on"}
        )
    assert done.status_code == 302
    mine.refresh_from_db()
    assert (mine.role, mine.muted) == ("moderator", True)
    assert revocation.revocations() > before


def test_a_ban_is_lifted_there(admin, private_room, stranger):
    ban = Ban.objects.create(room=private_room, user=stranger)
    page = reverse("admin:rooms_ban_changelist")
    assert "stranger" in admin.get(page, {"q": "room:board strang"}).text
    carry_out(admin, "take_away", ban)
    assert not Ban.objects.exists()


def test_a_ban_that_names_another_person_now_evicts_them(admin, private_room, member, stranger):
    ban = Ban.objects.create(room=private_room, user=stranger)
    bans = [{"id": ban.pk, "room": private_room.pk, "user": member.pk}]
    assert save(admin, private_room, rows(private_room), bans).status_code == 302
    assert [(each.pk, each.user, each.created_at) for each in Ban.objects.all()] == [
        (ban.pk, member, ban.created_at)
    ]
    assert not private_room.memberships.filter(user=member).exists()
