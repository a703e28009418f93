from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import services, signup_hooks
from accounts.models import Invite
from chatsite.contract.errors import NotFound
from rooms.membership.invites import make_room_invite

pytestmark = pytest.mark.django_db


@pytest.fixture
def leads(monkeypatch):
    """Where every invite leads, and who followed one."""
    followed = []
    monkeypatch.setattr(
        signup_hooks, "on_invite", [lambda user, invite: followed.append(user.username) or "/profile"]
    )
    return followed


def test_who_is_logged_in_says_yes_first(client_of, moderator, member, leads):
    link = services.make_invite(moderator)
    client = client_of(member)
    assert client.get(f"/invite/{link.code}").status_code == 200
    assert leads == []
    assert client.post(f"/invite/{link.code}").url == "/profile"
    assert leads == ["member"]


def test_who_followed_a_link_may_do_so_again_at_no_cost(moderator, member, stranger, leads):
    link = services.make_invite(moderator, max_uses=1)
    for _ in range(3):
        assert services.use_invite(member, link.code) == "/profile"
    link.refresh_from_db()
    assert link.uses == 1
    with pytest.raises(NotFound):
        services.use_invite(stranger, link.code)


def test_the_page_names_the_room_that_a_link_leads_to(
    client, client_of, owner, stranger, private_room, sign_up_is
):
    sign_up_is("open")
    link = make_room_invite(owner, private_room.slug).invite
    assert "owner invited you to the room Board" in client.get(f"/invite/{link.code}").content.decode()
    joining = client_of(stranger)
    assert "Join Board" in joining.get(f"/invite/{link.code}").content.decode()
    assert not private_room.memberships.filter(user=stranger).exists()
    assert joining.post(f"/invite/{link.code}").url == "/chat/board"
    assert private_room.memberships.filter(user=stranger).exists()


def test_signing_up_by_a_rooms_link_ends_in_the_room(client, owner, private_room, bring_in):
    bring_in("members")
    link = make_room_invite(owner, private_room.slug).invite
    data = {"username": "bo.b", "password": "correct horse battery"}
    assert client.post(f"/invite/{link.code}", data).url == "/chat/board"
    assert private_room.memberships.filter(user__username="bo.b").exists()


def expired(link):
    Invite.objects.update(expires_at=timezone.now() - timedelta(seconds=1))


def used_up(link):
    Invite.objects.update(max_uses=3, uses=3)


def maker_banned(link):
    services.ban(link.created_by)


@pytest.mark.parametrize("spoil", [services.revoke_invite, expired, used_up, maker_banned])
def test_a_link_that_is_over_lets_nobody_in(client, client_of, moderator, member, leads, spoil):
    link = services.make_invite(moderator)
    spoil(link)
    data = {"username": "bo.b", "password": "correct horse battery"}
    for page in (client.get(f"/invite/{link.code}"), client.post(f"/invite/{link.code}", data)):
        assert page.status_code == 404
        assert "Ask for a new one" in page.content.decode()
    assert client_of(member).post(f"/invite/{link.code}").status_code == 404
    assert leads == []


@pytest.mark.parametrize("code", ["nothing", "%00", "é", "x" * 5000])
def test_a_code_that_never_was_looks_like_one_that_is_over(client, db, code):
    assert client.get(f"/invite/{code}").status_code == 404


class TestStaffPage:
    def test_moderators_make_and_revoke_links(self, client_of, moderator):
        client = client_of(moderator)
        assert client.post("/people/invite", {"days": "7", "max_uses": "5"}).url == "/people/invite"
        link = Invite.objects.get()
        assert (link.max_uses, link.for_site, link.created_by) == (5, True, moderator)
        assert timedelta(days=6, hours=23) < link.expires_at - timezone.now() < timedelta(days=7, seconds=1)
        assert f"http://testserver/invite/{link.code}" in client.get("/people/invite").content.decode()
        client.post(f"/people/invite/{link.pk}/revoke")
        assert link.code not in client.get("/people/invite").content.decode()

    @pytest.mark.parametrize(
        "data",
        [
            {},
            {"days": "5", "max_uses": "1"},
            {"days": "0", "max_uses": "1"},
            {"days": "7", "max_uses": ""},
            {"days": "7", "max_uses": "10001"},
            {"days": "7", "max_uses": "0"},
            {"days": "7", "max_uses": "9" * 30},
            {"days": "7", "max_uses": "\0"},
        ],
    )
    def test_what_no_link_can_be_is_refused(self, client_of, moderator, data):
        assert client_of(moderator).post("/people/invite", data).status_code == 400
        assert not Invite.objects.exists()

    def test_others_may_not(self, client, client_of, member):
        link = services.store_invite(member, for_site=True)
        assert client.get("/people/invite").url.startswith("/login")
        client = client_of(member)
        assert client.get("/people/invite").status_code == 403
        assert client.post("/people/invite", {"days": "7"}).status_code == 403
        assert client.post(f"/people/invite/{link.pk}/revoke").status_code == 403
        assert not Invite.objects.get(pk=link.pk).revoked

    def test_a_rooms_link_is_neither_shown_nor_revoked_here(self, client_of, moderator, owner):
        link = services.store_invite(owner)
        client = client_of(moderator)
        assert link.code not in client.get("/people/invite").content.decode()
        assert client.post(f"/people/invite/{link.pk}/revoke").status_code == 404

    def test_the_list_takes_no_more_queries_with_more_links(
        self, client_of, moderator, django_assert_max_num_queries
    ):
        client = client_of(moderator)
        for _ in range(12):
            services.make_invite(moderator)
        with django_assert_max_num_queries(19):
            client.get("/people/invite")


def test_a_link_that_ran_out_lets_nobody_back(moderator, member):
    invite = services.make_invite(moderator)
    services.use_invite(member, invite.code)
    services.use_invite(member, invite.code)
    Invite.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(NotFound):
        services.use_invite(member, invite.code)
