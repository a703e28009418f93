"""Blocks of rooms and of people: who is refused by them, at each door, and what goes on as before."""

import uuid

import pytest

from accounts import services as accounts
from accounts.models import User
from chatsite.contract.errors import Forbidden, NotFound, QuotaExceeded
from messaging import services as messages
from messaging.models import Message
from rooms import access, directs, services
from rooms.membership import blocks, membership
from rooms.membership.invites import make_room_invite
from rooms.models import Membership, PersonBlock, Room, RoomBlock

pytestmark = pytest.mark.django_db


def say(user, room, body="hello"):
    return messages.send(user, room.slug, body, uuid.uuid4())[0]


def error(response):
    return response.status_code, response.data["code"]


def is_in(user, room):
    return room.memberships.filter(user=user).exists()


class TestRooms:
    def test_who_blocks_a_room_leaves_it_and_is_not_added_again(self, api, owner, member, private_room):
        assert api(member).put("/room/board/block").status_code == 201
        assert not is_in(member, private_room)
        assert api(member).put("/room/board/block").status_code == 200, "and once more is no error"
        before = private_room.events.count()
        refused = api(owner).post("/room/board/member", {"username": "member"}, format="json")
        assert error(refused) == (403, "forbidden")
        assert not is_in(member, private_room)
        assert private_room.events.count() == before

    def test_without_javascript_it_is_a_box_beside_leaving(self, client_of, member, private_room):
        assert 'name="block"' in client_of(member).get("/chat/board/settings").text
        client_of(member).post("/chat/board/leave", {"block": "1"})
        assert RoomBlock.objects.get().user == member
        assert not is_in(member, private_room)

    def test_who_only_leaves_can_be_added_again(self, client_of, owner, member, private_room):
        client_of(member).post("/chat/board/leave")
        membership.add_member(owner, "board", "member")
        assert is_in(member, private_room)

    def test_the_page_to_add_people_says_no(self, client_of, owner, member, private_room):
        blocks.block_room(member, "board")
        page = client_of(owner).post("/chat/board/members", {"username": "member"})
        assert page.status_code == 403
        assert "member can&#x27;t be added" in page.text
        assert not is_in(member, private_room)

    def test_coming_back_by_oneself_lifts_it(self, owner, member, public_room, private_room):
        blocks.block_room(member, "lobby")
        membership.join_room(member, "lobby")
        blocks.block_room(member, "board")
        accounts.use_invite(member, make_room_invite(owner, "board").invite.code)
        assert not RoomBlock.objects.exists()
        assert is_in(member, public_room)
        assert is_in(member, private_room)

    def test_the_list_on_my_profile_lifts_it(self, api, client_of, owner, member, private_room):
        blocks.block_room(member, "board")
        assert [one["room"] for one in api(member).get("/user/me/room-block").data["results"]] == ["board"]
        assert api(owner).get("/user/me/room-block").data["results"] == []
        client = client_of(member)
        assert "/chat/board/block" in client.get("/profile").text
        assert client.post("/chat/board/block").url == "/profile#blocks"
        assert "/chat/board/block" not in client.get("/profile").text
        membership.add_member(owner, "board", "member")

    def test_rest_lifts_it(self, api, owner, member, private_room):
        api(member).put("/room/board/block")
        assert api(member).delete("/room/board/block").status_code == 204
        assert error(api(member).delete("/room/board/block")) == (404, "not_found")
        membership.add_member(owner, "board", "member")

    def test_a_room_that_is_not_mine_to_see_looks_missing(self, api, stranger, private_room):
        door = api(stranger)
        hidden, missing = door.put("/room/board/block"), door.put("/room/nowhere/block")
        assert (hidden.status_code, hidden.data) == (missing.status_code, missing.data)
        assert error(hidden) == (404, "not_found")
        assert not RoomBlock.objects.exists()

    def test_a_public_room_can_be_blocked_from_outside(self, api, owner, stranger, public_room):
        assert api(stranger).put("/room/lobby/block").status_code == 201
        with pytest.raises(Forbidden):
            membership.add_member(owner, "lobby", "stranger")

    def test_what_cannot_be_left_cannot_be_blocked(self, api, owner, member):
        direct, _ = directs.open_direct(owner, ["member"])
        for slug in ("general", direct.slug):
            assert error(api(member).put(f"/room/{slug}/block")) == (403, "forbidden")
        assert not RoomBlock.objects.exists()

    def test_the_last_owner_who_blocks_a_room_hands_it_over(self, owner, member, private_room):
        blocks.block_room(owner, "board")
        assert private_room.memberships.get().role == "owner"

    def test_the_administration_asks_nobody(self, client, member, private_room):
        blocks.block_room(member, "board")
        client.force_login(User.objects.create_superuser("boss"))
        page = client.get(f"/admin/rooms/room/{private_room.pk}/change/")
        data = {
            "name": "Board", "topic": "", "memberships-TOTAL_FORMS": "2", "memberships-INITIAL_FORMS": "1",
            "memberships-0-id": private_room.memberships.get().pk, "memberships-0-room": private_room.pk,
            "memberships-0-user": private_room.created_by_id, "memberships-0-role": "owner",
            "memberships-1-room": private_room.pk, "memberships-1-user": member.pk,
            "memberships-1-role": "member", "bans-TOTAL_FORMS": "0", "bans-INITIAL_FORMS": "0",
        }  # fmt: skip
        assert page.status_code == 200
        client.post(f"/admin/rooms/room/{private_room.pk}/change/", data)
        assert is_in(member, private_room)
        blocks.block_room(member, "board")
        assert not is_in(member, private_room), "who was put in all the same can leave all the same"


@pytest.fixture
def moderator(make_person):
    person = make_person("moderator")
    person.is_staff = True
    person.save(update_fields=["is_staff"])
    return person


class TestPeople:
    @pytest.fixture
    def direct(self, owner, member):
        return directs.open_direct(owner, ["member"])[0]

    def test_whom_I_blocked_begins_no_direct_room_with_me(self, api, client_of, owner, member, stranger):
        assert api(member).put("/user/owner/block").status_code == 201
        before = Room.objects.count()
        for names in (["member"], ["stranger", "member"]):
            refused = api(owner).post("/room", {"kind": "direct", "members": names}, format="json")
            assert error(refused) == (403, "forbidden")
        page = client_of(owner).post("/direct/new", {"members": ["member"]})
        assert page.status_code == 403
        assert Room.objects.count() == before
        assert directs.open_direct(owner, ["stranger"])[1], "with others they may"

    def test_nor_adds_me_to_rooms(self, api, client_of, owner, stranger, private_room):
        blocks.block_person(stranger, "owner")
        before = Room.objects.count()
        for path, body in [
            ("/room/board/member", {"username": "stranger"}),
            ("/room", {"name": "New", "members": ["stranger", "member"]}),
        ]:
            assert error(api(owner).post(path, body, format="json")) == (403, "forbidden")
        client_of(owner).post("/chat/board/members", {"username": "stranger"})
        assert Membership.objects.filter(user=stranger).count() == 1
        assert Room.objects.count() == before

    def test_others_still_do(self, owner, member, stranger, private_room):
        blocks.block_person(stranger, "member")
        membership.add_member(owner, "board", "stranger")
        assert is_in(stranger, private_room)

    def test_nor_writes_into_our_direct_room(self, api, client_of, owner, member, direct):
        first = say(owner, direct)
        blocks.block_person(member, "owner")
        body = {"room": direct.slug, "body": "x", "client_id": str(uuid.uuid4())}
        assert error(api(owner).post("/message", body, format="json")) == (403, "forbidden")
        page = client_of(owner).post(f"/chat/{direct.slug}", {"body": "x", "client_id": str(uuid.uuid4())})
        assert "write in this conversation" in page.text
        assert error(api(owner).patch(f"/message/{first.pk}", {"body": "y"}, format="json"))[1] == "forbidden"
        with pytest.raises(Forbidden):
            access.posting_membership(owner, direct.slug)
        assert [message.body for message in Message.objects.filter(room=direct)] == ["hello"]

    def test_nobody_writes_there_until_it_is_lifted_by_who_made_it(self, owner, member, direct):
        blocks.block_person(member, "owner")
        with pytest.raises(Forbidden):
            say(member, direct)
        with pytest.raises(NotFound):
            blocks.unblock_person(owner, "member")
        blocks.unblock_person(member, "owner")
        assert say(owner, direct)
        assert say(member, direct)

    def test_where_both_did_both_lift_it(self, owner, member, direct):
        blocks.block_person(member, "owner")
        blocks.block_person(owner, "member")
        blocks.unblock_person(member, "owner")
        with pytest.raises(Forbidden):
            say(owner, direct)
        blocks.unblock_person(owner, "member")
        say(owner, direct)

    def test_they_see_nothing_else_changed(self, api, owner, member, direct, public_room):
        door = api(owner)
        paths = (f"/room/{direct.slug}", f"/room/{direct.slug}/member", "/user/member", "/room", "/user")
        say(member, direct)
        before = [door.get(path).data for path in paths]
        blocks.block_person(member, "owner")
        assert [door.get(path).data for path in paths] == before
        assert door.get("/user/me/block").data["results"] == []
        assert directs.open_direct(owner, ["member"]) == (direct, False)
        assert say(owner, public_room)

    def test_I_begin_none_with_whom_I_blocked(self, owner, stranger):
        blocks.block_person(owner, "stranger")
        with pytest.raises(Forbidden) as refused:
            directs.open_direct(owner, ["stranger"])
        assert "You have blocked stranger" in refused.value.detail

    def test_site_moderators_are_not_blocked(self, moderator, member, stranger):
        direct, _ = directs.open_direct(moderator, ["member"])
        blocks.block_person(member, "moderator")
        blocks.block_person(stranger, "moderator")
        assert say(moderator, direct)
        fresh, new = directs.open_direct(moderator, ["stranger"])
        assert new
        assert say(moderator, fresh)
        with pytest.raises(Forbidden):
            say(stranger, fresh)
        services.create_room(moderator, "Hearing", members=["member", "stranger"])
        accounts.set_rank(moderator, is_staff=False, is_superuser=False)
        with pytest.raises(Forbidden):
            say(moderator, direct)
        with pytest.raises(Forbidden):
            directs.open_direct(moderator, ["member", "stranger"])

    def test_a_conversation_of_three_goes_on(self, owner, member, stranger):
        three, _ = directs.open_direct(owner, ["member", "stranger"])
        blocks.block_person(member, "owner")
        assert say(owner, three)

    def test_the_pages_block_and_unblock(self, client_of, owner, member):
        client = client_of(member)
        assert "Block" in client.get("/people/owner").text
        assert client.post("/people/owner/block", {"blocked": "1"}).url == "/people/owner"
        assert "Unblock" in client.get("/people/owner").text
        assert "/people/owner/block" in client.get("/profile").text
        assert client.post("/people/owner/block", {"blocked": "0", "listed": "1"}).url == "/profile#blocks"
        assert not PersonBlock.objects.exists()
        assert "/people/owner/block" not in client.get("/profile").text
        assert "/people/member/block" not in client.get("/people/member").text, "nobody blocks themselves"

    def test_nobody_is_asked_to_log_in(self, client, owner, private_room):
        for path in ("/people/owner/block", "/chat/board/block"):
            assert client.post(path).url.startswith("/login")
            assert client.get(path).status_code == 405
        assert not PersonBlock.objects.exists()

    def test_rest_lists_and_lifts(self, api, owner, member):
        door = api(member)
        assert door.put("/user/owner/block").status_code == 201
        assert door.put("/user/OWNER/block").status_code == 200
        assert [one["user"]["username"] for one in door.get("/user/me/block").data["results"]] == ["owner"]
        assert door.delete("/user/owner/block").status_code == 204
        assert error(door.delete("/user/owner/block")) == (404, "not_found")

    @pytest.mark.parametrize(
        ("name", "answer"),
        [
            ("member", (400, "invalid")),
            ("nobody.here", (404, "not_found")),
            ("%00", (404, "not_found")),
            ("x" * 500, (404, "not_found")),
        ],
    )
    def test_whom_one_cannot_block(self, api, member, name, answer):
        assert error(api(member).put(f"/user/{name}/block")) == answer
        assert not PersonBlock.objects.exists()

    def test_so_many_and_no_more(self, monkeypatch, owner, member, stranger, private_room, public_room):
        monkeypatch.setattr(blocks, "MAX_BLOCKS", 1)
        blocks.block_person(owner, "member")
        assert blocks.block_person(owner, "member")[1] is False
        blocks.block_room(member, "board")
        with pytest.raises(QuotaExceeded):
            blocks.block_person(owner, "stranger")
        with pytest.raises(QuotaExceeded):
            blocks.block_room(member, "lobby")
        assert is_in(member, public_room)


def test_a_batch_that_was_looked_at_before_a_block_stores_nothing(
    owner, member, django_capture_on_commit_callbacks
):
    """Whoever blocks somebody who is sending waits for it, or the message is refused."""
    from messaging.sending.batch import Batch, store
    from messaging.sending.drafts import Draft

    room, _ = directs.open_direct(owner, ["member"])
    batch = Batch([Draft(owner, room.slug, "late", uuid.uuid4())])
    assert batch.rows
    with django_capture_on_commit_callbacks(execute=True):
        blocks.block_person(member, "owner")
    assert batch.is_stale
    [outcome] = store(batch)
    assert isinstance(outcome, Forbidden)
    assert not Message.objects.filter(room=room).exists()


def test_the_room_tells_only_who_blocked_that_nobody_can_write(client_of, owner, member):
    room, _ = directs.open_direct(owner, ["member"])
    blocks.block_person(member, "owner")
    mine = client_of(member).get(f"/chat/{room.slug}").text
    assert "You have blocked" in mine
    assert 'id="composer-body"' not in mine
    theirs = client_of(owner).get(f"/chat/{room.slug}").text
    assert "blocked" not in theirs.lower().replace("data-blocked", "")
    assert 'id="composer-body"' in theirs
