"""Who may bring in strangers: one setting of the site, asked of a link's maker each time it is used."""

import pytest
from django.test import Client

from accounts import services
from accounts.models import Invite, User
from chatsite.contract.errors import Forbidden, NotFound
from rooms import services as rooms
from rooms.membership import membership
from rooms.membership.invites import make_room_invite
from rooms.models import Room

pytestmark = pytest.mark.django_db

NEW = {"username": "bo.b", "password": "correct horse battery"}


def signs_up(link):
    """Whether a stranger becomes somebody by the link, on the page and over REST alike."""
    page = Client().get(f"/invite/{link.code}")
    rest = Client().post("/user", {**NEW, "invite": link.code}, content_type="application/json")
    posted = Client().post(f"/invite/{link.code}", {**NEW, "username": "ci.c"})
    done = {page.status_code == 200, rest.status_code == 201, posted.status_code == 302}
    assert len(done) == 1, (page.status_code, rest.status_code, posted.status_code)
    assert User.objects.filter(username__in=["bo.b", "ci.c"]).count() == (2 if done == {True} else 0)
    return done == {True}


@pytest.fixture
def hosts(administrator, moderator, member):
    return {"administrators": administrator, "moderators": moderator, "members": member}


MAY = [
    ("administrators", ["administrators"]),
    ("moderators", ["administrators", "moderators"]),
    ("members", ["administrators", "moderators", "members"]),
]


@pytest.mark.parametrize(("setting", "may"), MAY)
@pytest.mark.parametrize("rank", ["administrators", "moderators", "members"])
def test_a_rooms_link_signs_up_strangers_only_by_who_may_bring_them_in(hosts, bring_in, setting, may, rank):
    room = rooms.create_room(hosts[rank], "Board", kind="private")
    link = make_room_invite(hosts[rank], room.slug).invite
    bring_in(setting)
    assert signs_up(link) == (rank in may)


@pytest.mark.parametrize(("setting", "may"), MAY)
@pytest.mark.parametrize("rank", ["administrators", "moderators", "members"])
def test_a_sites_link_is_made_and_shown_by_who_may(hosts, bring_in, client_of, setting, may, rank):
    bring_in(setting)
    client, allowed = client_of(hosts[rank]), rank in may
    made = client.post("/people/invite", {"days": "7", "max_uses": "5"})
    assert made.status_code == (302 if allowed else 403)
    assert client.get("/people/invite").status_code == (200 if allowed else 403)
    assert ("/people/invite" in client.get("/profile").text) == allowed
    assert Invite.objects.count() == allowed


def test_as_it_comes_a_members_link_is_for_people_with_an_account(
    client, client_of, owner, stranger, private_room
):
    link = make_room_invite(owner, private_room.slug).invite
    assert not signs_up(link)
    page = client.get(f"/invite/{link.code}")
    assert page.status_code == 403
    assert "people who have an account" in page.text
    assert f"/login?next=/invite/{link.code}" in page.text
    assert client_of(stranger).post(f"/invite/{link.code}").url == "/chat/board"
    assert private_room.memberships.filter(user=stranger).exists()


def test_where_anybody_signs_up_a_members_link_does_that_as_well(owner, private_room, sign_up_is):
    sign_up_is("open")
    assert signs_up(make_room_invite(owner, private_room.slug).invite)


def demoted(user, room):
    services.set_rank(user, is_staff=False, is_superuser=False)


def banned(user, room):
    services.ban(user)


def deactivated(user, room):
    services.deactivate(user)


def put_out(user, room):
    membership.revoke(room, user)


def no_moderator(user, room):
    room.memberships.filter(user=user).update(role="member")


def archived(user, room):
    rooms.archive(room, user)


def deleted(user, room):
    Room.objects.filter(pk=room.pk).delete()


@pytest.mark.parametrize("end", [demoted, banned, deactivated])
def test_a_sites_link_ends_with_its_makers_role(client_of, moderator, administrator, member, end):
    link = services.make_invite(moderator)
    end(moderator, None)
    assert not signs_up(link)
    with pytest.raises(NotFound):
        services.use_invite(member, link.code)
    listed = client_of(administrator).get("/people/invite")
    assert "Ended" in listed.text
    assert link.code not in listed.text


@pytest.mark.parametrize("end", [banned, deactivated, put_out, no_moderator, archived, deleted])
def test_a_rooms_link_ends_with_its_makers_place_in_it(moderator, stranger, private_room, end):
    membership.grant(private_room, moderator, role="moderator")
    link = make_room_invite(moderator, private_room.slug).invite
    assert services.find_invite(link.code) == link
    end(moderator, private_room)
    assert not signs_up(link)
    with pytest.raises(NotFound):
        services.use_invite(stranger, link.code)
    assert not Room.objects.filter(memberships__user=stranger, is_default=False).exists()
    link.refresh_from_db()
    assert link.uses == 0


def test_a_demoted_site_moderators_link_still_lets_in_who_has_an_account(moderator, stranger, private_room):
    membership.grant(private_room, moderator, role="moderator")
    link = make_room_invite(moderator, private_room.slug).invite
    demoted(moderator, private_room)
    assert not signs_up(link)
    assert services.use_invite(stranger, link.code) == "/chat/board"


def test_who_followed_a_link_before_it_ended_cannot_come_back_by_it(owner, stranger, private_room):
    link = make_room_invite(owner, private_room.slug).invite
    services.use_invite(stranger, link.code)
    membership.remove_member(owner, private_room.slug, "stranger")
    no_moderator(owner, private_room)
    with pytest.raises(NotFound):
        services.use_invite(stranger, link.code)


@pytest.mark.parametrize("kind", ["site", "room"])
def test_a_role_that_ends_while_a_password_is_hashed_lets_nobody_in(
    moderator, private_room, monkeypatch, kind
):
    membership.grant(private_room, moderator, role="moderator")
    link = services.make_invite(moderator) if kind == "site" else make_room_invite(moderator, "board").invite
    hashing = User.set_password

    def hash_and_be_demoted(self, raw):
        hashing(self, raw)
        demoted(moderator, None)

    monkeypatch.setattr(User, "set_password", hash_and_be_demoted)
    with pytest.raises((Forbidden, NotFound)):
        services.sign_up(**NEW, invite=link.code)
    assert not User.objects.filter(username="bo.b").exists()


def test_who_is_banned_from_a_room_costs_its_link_no_use(client_of, owner, stranger, private_room):
    link = make_room_invite(owner, private_room.slug).invite
    membership.ban(owner, private_room.slug, "stranger")
    assert client_of(stranger).post(f"/invite/{link.code}").status_code == 403
    link.refresh_from_db()
    assert link.uses == 0


def test_members_see_and_revoke_only_their_own_links(client_of, bring_in, member, moderator):
    bring_in("members")
    theirs, mine = services.make_invite(moderator), services.make_invite(member)
    client = client_of(member)
    page = client.get("/people/invite").text
    assert (mine.code in page, theirs.code in page) == (True, False)
    assert client.post(f"/people/invite/{theirs.pk}/revoke").status_code == 404
    assert client.post(f"/people/invite/{mine.pk}/revoke").status_code == 302
    assert Invite.objects.filter(revoked=False).get() == theirs


def test_the_rooms_page_says_what_its_links_do(client_of, owner, moderator, private_room):
    membership.grant(private_room, moderator, role="moderator")
    page = client_of(owner).get("/chat/board/settings").text
    assert "People with an account can join by a link" in page
    assert "let new people sign up" not in page.replace("don't let new people sign up", "")
    assert "also let new people sign up" in client_of(moderator).get("/chat/board/settings").text


def test_the_rooms_page_lists_its_links_and_shows_which_have_ended(client_of, owner, moderator, private_room):
    membership.grant(private_room, moderator, role="moderator")
    client = client_of(owner)
    assert (
        client.post("/chat/board/invite", {"days": "30", "max_uses": "3"}).url
        == "/chat/board/settings#invite"
    )
    mine = Invite.objects.get()
    gone = make_room_invite(moderator, "board").invite
    membership.revoke(private_room, moderator)
    page = client.get("/chat/board/settings").text
    assert f"/invite/{mine.code}" in page
    assert f'value="http://testserver/invite/{gone.code}"' not in page
    assert page.count("Ended") == 1
    assert client.post(f"/chat/board/invite/{mine.code}/revoke").status_code == 302
    assert Invite.objects.get(pk=mine.pk).revoked


@pytest.mark.parametrize("data", [{}, {"days": "5", "max_uses": "3"}, {"days": "7", "max_uses": "0"}])
def test_what_no_link_can_be_is_refused_on_the_rooms_page(client_of, owner, private_room, data):
    assert client_of(owner).post("/chat/board/invite", data).status_code == 400
    assert not Invite.objects.exists()


@pytest.mark.parametrize("who", ["member", "stranger", "nobody"])
def test_others_neither_make_nor_revoke_a_rooms_links(
    client, client_of, owner, member, stranger, private_room, who
):
    link = make_room_invite(owner, "board").invite
    people = {"member": member, "stranger": stranger}
    client = client_of(people[who]) if who in people else client
    expected = {"member": 403, "stranger": 404, "nobody": 302}[who]
    for path in ("/chat/board/invite", f"/chat/board/invite/{link.code}/revoke"):
        assert client.post(path, {"days": "7", "max_uses": "5"}).status_code == expected
    link.refresh_from_db()
    assert not link.revoked
    assert Invite.objects.count() == 1


class TestRest:
    def test_a_link_ends_and_is_for_so_many_by_default(self, api, owner, private_room):
        made = api(owner).post("/room/board/invite").data
        assert set(made) == {
            "code", "url", "created_at", "created_by", "expires_at", "uses", "max_uses", "signs_up", "ended",
        }  # fmt: skip
        link = Invite.objects.get()
        assert (link.expires_at - link.created_at).days in (6, 7)
        assert (made["max_uses"], made["uses"], made["signs_up"], made["ended"]) == (100, 0, False, False)

    def test_both_may_be_chosen(self, api, owner, private_room):
        made = api(owner).post("/room/board/invite", {"days": 365, "max_uses": 10_000}, format="json")
        assert made.status_code == 201
        link = Invite.objects.get()
        assert ((link.expires_at - link.created_at).days in (364, 365), link.max_uses) == (True, 10_000)

    @pytest.mark.parametrize(
        "body",
        [{"days": 0}, {"days": 366}, {"max_uses": 0}, {"max_uses": 10_001}, {"days": "x"}, {"other": 1}],
    )
    def test_what_cannot_be_names_its_field(self, api, owner, private_room, body):
        refused = api(owner).post("/room/board/invite", body, format="json")
        assert (refused.status_code, refused.data["code"]) == (400, "invalid")
        assert list(refused.data["fields"]) == list(body)
        assert not Invite.objects.exists()

    def test_the_list_says_which_have_ended(self, api, owner, moderator, private_room):
        membership.grant(private_room, moderator, role="moderator")
        make_room_invite(moderator, "board")
        make_room_invite(owner, "board")
        demote = {
            one["created_by"]["username"]: one for one in api(owner).get("/room/board/invite").data["results"]
        }
        assert [demote[name]["signs_up"] for name in ("moderator", "owner")] == [True, False]
        membership.revoke(private_room, moderator)
        listed = {
            one["created_by"]["username"]: one for one in api(owner).get("/room/board/invite").data["results"]
        }
        assert [listed[name]["ended"] for name in ("moderator", "owner")] == [True, False]


def test_a_demoted_moderators_token_has_no_more_rights_than_they(moderator, make_person):
    """Roles are looked at with each request, so a token needs no end of its own."""
    _, secret = services.make_token(moderator, "tool")
    door = Client(headers={"Authorization": f"Token {secret}"})
    assert door.get("/metrics").status_code == 200
    demoted(moderator, None)
    assert door.get("/metrics").status_code == 403


def test_a_link_from_before_there_were_bounds_works_on(moderator, member):
    link = services.make_invite(moderator)
    Invite.objects.update(expires_at=None, max_uses=None)
    assert services.find_invite(link.code) == link
    assert signs_up(link)


class TestResetLinks:
    """The same of a link that lets somebody choose a password: it ends with the role of who made it."""

    def parts(self, link):
        return link.split("/")[-2:]

    @pytest.mark.parametrize("end", [banned, deactivated, demoted])
    def test_an_administrators_link_ends_with_their_role(self, administrator, make_person, member, end):
        other = make_person("other.admin")
        services.set_rank(other, is_staff=True, is_superuser=True)
        uid, token = self.parts(services.make_reset_link(member, by=other))
        assert services.user_of_reset_link(uid, token) == member
        end(other, None)
        with pytest.raises(NotFound):
            services.reset_password(uid, token, "quite another phrase")
        assert Client().get(f"/password/reset/{uid}/{token}").status_code == 404

    def test_nobody_can_take_the_maker_out_or_put_another_in(self, administrator, make_person, member):
        other = make_person("other.admin")
        services.set_rank(other, is_staff=True, is_superuser=True)
        uid, token = self.parts(services.make_reset_link(member, by=other))
        plain = token.partition(".")[2]
        for forged in (
            plain,
            f".{plain}",
            f"{administrator.pk}.{plain}",
            f"x.{plain}",
            f"{'9' * 400}.{plain}",
            f"²{token}",
        ):
            with pytest.raises(NotFound):
                services.user_of_reset_link(uid, forged)

    def test_one_that_was_mailed_has_no_maker(self, member):
        uid, token = self.parts(services.make_reset_link(member))
        assert services.user_of_reset_link(uid, token) == member
