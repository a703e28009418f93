import re

import pytest
from django.db import transaction

from chatsite.contract.errors import Conflict
from chatsite.realtime.delivery import subscriptions
from chatsite.realtime.delivery.connection import Connection
from chatsite.realtime.delivery.identity import Identity
from rooms import names, services
from rooms.models import Event, Membership, Room
from rooms.names import SLUG
from tests.support.recording_channel import RecordingChannel

pytestmark = pytest.mark.django_db


def error(response):
    return response.status_code, response.data["code"]


def test_a_room_is_made_with_its_maker_as_owner(api, owner):
    made = api(owner).post("/room", {"name": "Wood Workshop", "topic": "Tools"}, format="json")
    assert made.status_code == 201
    assert set(made.data) == {
        "slug", "name", "topic", "kind", "avatar", "archived", "role", "members", "online", "epoch", "head", "read_seq",
        "read_version", "unread", "mentions", "created_at",
    }  # fmt: skip
    assert (made.data["slug"], made.data["role"], made.data["members"]) == ("wood-workshop", "owner", 1)
    assert made.data["created_at"].endswith("Z")


def test_a_second_room_of_the_name_gets_another_slug_and_a_chosen_one_conflicts(api, owner):
    door = api(owner)
    slugs = [door.post("/room", {"name": "Garden"}, format="json").data["slug"] for _ in range(3)]
    assert slugs == ["garden", "garden-2", "garden-3"]
    refused = door.post("/room", {"name": "x", "slug": "garden"}, format="json")
    assert error(refused) == (409, "conflict")
    assert "slug" in refused.data["fields"]


class TestHiddenNames:
    """Whether there is a private room of some name can't be found out by trying to make one of that name."""

    @staticmethod
    def by_rest(api, client_of, user, **details):
        made = api(user).post("/room", details, format="json")
        return made.status_code, made.data.get("slug"), made.data.get("code")

    @staticmethod
    def by_browsable(api, client_of, user, **details):
        made = client_of(user).post("/room", {"topic": "", **details}, headers={"accept": "text/html"})
        room = Room.objects.filter(created_by=user).latest("pk") if made.status_code == 201 else None
        return made.status_code, room and room.slug, None

    @staticmethod
    def by_page(api, client_of, user, **details):
        if "slug" in details:
            pytest.skip("the page's form asks for no address")
        made = client_of(user).post("/chat/new", {"topic": "", "kind": "public", **details})
        return made.status_code, made.url.removeprefix("/chat/"), None

    @pytest.mark.parametrize("door", [by_rest, by_browsable, by_page])
    @pytest.mark.parametrize("hidden", [{"name": "Layoffs"}, {"name": "x", "slug": "layoffs"}])
    @pytest.mark.parametrize("tried", [
        {"name": "Layoffs", "kind": "public"},
        {"name": "Layoffs", "kind": "private"},
        {"name": "x", "slug": "layoffs", "kind": "public"},
        {"name": "x", "slug": "layoffs", "kind": "private"},
        {"name": "x", "slug": "layoffs-2", "kind": "public"},
    ])  # fmt: skip
    def test_a_strangers_try_answers_the_same(self, api, client_of, owner, stranger, door, hidden, tried):
        def answers():
            with transaction.atomic():
                found = [door(api, client_of, stranger, **tried) for _ in range(2)]
                transaction.set_rollback(True)
            return [(status, public(slug), code) for status, slug, code in found]

        def public(slug):
            return slug if tried["kind"] == "public" else slug and re.sub("-[a-z0-9]{10}$", "-tail", slug)

        without = answers()
        for _ in range(2):
            services.create_room(owner, kind="private", **hidden)
        assert answers() == without
        assert without[0][0] in (201, 302)

    def test_it_has_a_tail_that_nobody_guesses_and_its_members_see_it(self, api, owner):
        made = [
            api(owner).post("/room", {"name": "Layoffs", "kind": "private"}, format="json").data
            for _ in range(2)
        ]
        assert made[0]["slug"] != made[1]["slug"]
        for room in made:
            assert re.fullmatch("layoffs-[a-z2-9]{10}", room["slug"])
            assert api(owner).get(f"/room/{room['slug']}").data["name"] == "Layoffs"

    @pytest.mark.parametrize("name", ["x" * 64, "日本語", "d-abc", "new", "-_-"])
    def test_whatever_its_name_is(self, api, owner, name):
        made = api(owner).post("/room", {"name": name, "kind": "private"}, format="json")
        assert made.status_code == 201
        assert SLUG.fullmatch(made.data["slug"])
        assert not made.data["slug"].startswith("d-")

    def test_two_who_take_one_address_at_once_are_one_room_and_one_refusal(
        self, owner, stranger, monkeypatch
    ):
        taken = services.create_room(owner, "Garden")
        slugs = iter(["garden", "garden-2"])
        monkeypatch.setattr(names, "free_slug", lambda name: next(slugs))
        assert services.create_room(stranger, "Garden").slug == "garden-2"
        with pytest.raises(Conflict):
            services.create_room(stranger, "Garden", slug=taken.slug)


@pytest.mark.parametrize("slug", ["new", "d-abc", "UPPER", "a b", "ä", "-x", "x" * 65, "../etc"])
def test_a_slug_that_cannot_be_is_refused(api, owner, slug):
    refused = api(owner).post("/room", {"name": "x", "slug": slug}, format="json")
    assert error(refused) == (400, "invalid")
    assert list(refused.data["fields"]) == ["slug"]


def test_a_name_of_signs_alone_still_gets_an_address(api, owner):
    assert api(owner).post("/room", {"name": "日本語"}, format="json").data["slug"].startswith("room-")


@pytest.mark.parametrize("name", ["👩\u200d💻 devs", "علی\u200cرضا", "Аdmin", "Admin"])
def test_a_name_may_hold_joined_letters_and_emoji_and_is_no_persons(api, owner, name):
    made = api(owner).post("/room", {"name": name, "topic": name}, format="json")
    assert (made.status_code, made.data["name"], made.data["topic"]) == (201, name, name)


@pytest.mark.parametrize("field", ["name", "topic"])
@pytest.mark.parametrize("text", ["A\u200dda", "devs \u200d", "\u200c", "a\u200bb"])
def test_a_joiner_stands_nowhere_else(api, owner, field, text):
    refused = api(owner).post("/room", {"name": "Ada", field: text}, format="json")
    assert (refused.status_code, list(refused.data["fields"])) == (400, [field])


@pytest.mark.parametrize("path", ["/room", "/room/"])
def test_the_list_shows_public_rooms_and_mine(api, private_room, public_room, owner, stranger, path):
    assert {"general", public_room.slug, private_room.slug} == slugs(api(owner).get(path))
    assert {"general", public_room.slug} == slugs(api(stranger).get(path))


def test_the_list_shows_mine_alone_where_that_is_asked(api, private_room, public_room, owner, stranger):
    assert slugs(api(owner).get("/room?mine=true")) == {"board", "general", "lobby"}
    assert slugs(api(stranger).get("/room?mine=true")) == {"general"}


def test_members_are_found_by_a_part_of_their_names(api, private_room, owner):
    found = api(owner).get("/room/board/member?q=EMB").data["results"]
    assert [one["user"]["username"] for one in found] == ["member"]
    assert len(api(owner).get("/room/board/member?q=%00").data["results"]) == 2


def slugs(response):
    assert set(response.data) == {"next", "previous", "results"}
    return {room["slug"] for room in response.data["results"]}


def test_a_private_room_and_a_missing_one_look_alike(api, private_room, stranger):
    door = api(stranger)
    for tail in ("", "/member", "/member/nobody", "/event", "/ban", "/invite"):
        hidden, missing = door.get(f"/room/{private_room.slug}{tail}"), door.get(f"/room/nowhere{tail}")
        assert (hidden.status_code, hidden.data) == (missing.status_code, missing.data), tail
    for method, tail, body in [
        ("patch", "", {"name": "x"}),
        ("delete", "", None),
        ("post", "/member", {"username": "stranger"}),
        ("patch", "/member/owner", {"role": "member"}),
        ("delete", "/member/owner", None),
        ("post", "/ban", {"username": "owner"}),
        ("post", "/invite", None),
    ]:
        hidden = getattr(door, method)(f"/room/{private_room.slug}{tail}", body, format="json")
        missing = getattr(door, method)(f"/room/nowhere{tail}", body, format="json")
        assert error(hidden) == (404, "not_found"), (method, tail)
        assert hidden.data == missing.data


def test_nobody_gets_in(client, public_room):
    for path in ("/room", f"/room/{public_room.slug}", f"/room/{public_room.slug}/event"):
        response = client.get(path)
        assert (response.status_code, response.json()["code"]) == (401, "unauthorized")


def test_a_member_may_not_rename_and_a_moderator_may(api, private_room, owner, member):
    path = f"/room/{private_room.slug}"
    assert error(api(member).patch(path, {"name": "Mine"}, format="json")) == (403, "forbidden")
    api(owner).patch(f"{path}/member/member", {"role": "moderator"}, format="json")
    assert api(member).patch(path, {"name": "Ours"}, format="json").data["name"] == "Ours"
    assert error(api(member).delete(path)) == (403, "forbidden")


def test_an_archived_room_can_be_read_and_no_more(api, private_room, owner, member):
    path = f"/room/{private_room.slug}"
    assert api(owner).delete(path).status_code == 204
    assert api(member).get(path).data["archived"] is True
    assert error(api(owner).patch(path, {"name": "x"}, format="json")) == (409, "archived")
    assert error(api(member).post("/message", {"room": private_room.slug, "body": "x"}, format="json")) == (
        409,
        "archived",
    )
    assert api(owner).patch(path, {"archived": False, "name": "Back"}, format="json").data["name"] == "Back"


def test_every_change_takes_the_next_place_in_the_log(api, private_room, owner, member):
    path = f"/room/{private_room.slug}"
    api(owner).patch(path, {"topic": "new"}, format="json")
    api(member).delete(f"{path}/member/member")
    events = api(owner).get(f"{path}/event", {"after": 0}).data
    assert [e["data"]["seq"] for e in events["events"]] == list(range(1, events["head"] + 1))
    assert [e["event"] for e in events["events"]] == [
        "member-joined",
        "member-joined",
        "room-updated",
        "member-left",
    ]
    assert events["events"][-1]["data"]["user"]["username"] == "member"
    assert (events["more"], events["reset"]) == (False, False)


def test_the_log_is_read_in_pages(api, private_room, owner):
    path = f"/room/{private_room.slug}/event"
    first = api(owner).get(path, {"after": 0, "limit": 1}).data
    assert (len(first["events"]), first["more"]) == (1, True)
    assert api(owner).get(path, {"after": 99}).data["reset"] is True
    assert api(owner).get(path, {"after": 0, "epoch": "another"}).data["reset"] is True
    for wrong in ({"after": "x"}, {"after": -1}, {"after": 2**70}, {"limit": 501}, {"limit": 0}):
        assert error(api(owner).get(path, wrong)) == (400, "invalid")


def test_a_direct_room_is_found_again(api, owner, member, stranger):
    made = api(owner).post("/room", {"kind": "direct", "members": ["member"]}, format="json")
    again = api(member).post("/room", {"kind": "direct", "members": ["Owner", "member"]}, format="json")
    assert (made.status_code, again.status_code) == (201, 200)
    assert made.data["slug"] == again.data["slug"]
    assert (made.data["name"], again.data["name"]) == ("member", "owner")
    three = api(owner).post("/room", {"kind": "direct", "members": ["member", "stranger"]}, format="json")
    assert three.data["slug"] != made.data["slug"]
    assert api(stranger).get(f"/room/{made.data['slug']}").status_code == 404


def test_a_direct_room_needs_somebody_else(api, owner):
    for members in ([], ["owner"], ["nobody-here"]):
        refused = api(owner).post("/room", {"kind": "direct", "members": members}, format="json")
        assert error(refused) == (400, "invalid")
        assert "members" in refused.data["fields"]


def test_joining_a_public_room_over_rest(api, public_room, stranger):
    path = f"/room/{public_room.slug}/member"
    assert api(stranger).post(path, {"username": "stranger"}, format="json").status_code == 201
    assert api(stranger).get(f"{path}/stranger").data["role"] == "member"
    assert api(stranger).delete(f"{path}/stranger").status_code == 204
    assert api(stranger).get(f"{path}/stranger").status_code == 404


def test_only_the_powerful_add_and_remove(api, private_room, owner, member, stranger):
    path = f"/room/{private_room.slug}/member"
    assert error(api(member).post(path, {"username": "stranger"}, format="json")) == (403, "forbidden")
    assert api(owner).post(path, {"username": "STRANGER"}, format="json").status_code == 201
    assert error(api(member).delete(f"{path}/stranger")) == (403, "forbidden")
    assert error(api(stranger).delete(f"{path}/owner")) == (403, "forbidden")
    assert api(owner).delete(f"{path}/stranger").status_code == 204
    assert api(stranger).get(f"/room/{private_room.slug}").status_code == 404


def test_who_is_no_member_any_more_is_put_out_all_the_same(api, private_room, owner, member, stranger):
    """The request that removed them may have failed before it told anybody."""
    here = Connection("sid", Identity(stranger.pk, "stranger", token_id=1), RecordingChannel())
    subscriptions.attach(here)
    subscriptions.subscribe(here, private_room.slug)
    path = f"/room/{private_room.slug}/member/stranger"
    assert error(api(member).delete(path)) == (403, "forbidden")
    assert error(api(stranger).delete(path)) == (404, "not_found")
    assert private_room.slug in here.rooms
    assert error(api(owner).delete(path)) == (404, "not_found")
    assert private_room.slug not in here.rooms
    subscriptions.detach(here)


def test_a_room_keeps_an_owner(api, private_room, owner, member):
    path = f"/room/{private_room.slug}/member"
    assert error(api(owner).patch(f"{path}/owner", {"role": "member"}, format="json")) == (409, "conflict")
    assert api(owner).delete(f"{path}/owner").status_code == 204
    assert api(member).get(f"/room/{private_room.slug}").data["role"] == "owner"


def test_nobody_leaves_general(api, owner):
    assert error(api(owner).delete("/room/general/member/owner")) == (403, "forbidden")


def test_a_banned_person_is_out_and_stays_out(api, public_room, owner, member):
    path = f"/room/{public_room.slug}"
    assert api(owner).post(f"{path}/ban", {"username": "member"}, format="json").status_code == 201
    assert not Membership.objects.filter(room=public_room, user=member).exists()
    assert error(api(member).get(path)) == (403, "banned")
    assert error(api(member).post(f"{path}/member", {"username": "member"}, format="json")) == (403, "banned")
    assert public_room.slug not in slugs(api(member).get("/room"))
    assert [ban["user"]["username"] for ban in api(owner).get(f"{path}/ban").data["results"]] == ["member"]
    assert api(owner).delete(f"{path}/ban/member").status_code == 204
    assert api(member).get(path).status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": 5}, "name"),
        ({"name": ["x"]}, "name"),
        ({"name": {"a": 1}}, "name"),
        ({"name": None}, "name"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 65}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"name": "a\u202eb"}, "name"),
        ({"name": "a\u200bb"}, "name"),
        ({"name": "x", "kind": "secret"}, "kind"),
        ({"name": "x", "members": "bo"}, "members"),
        ({"name": "x", "members": ["missing-person"]}, "members"),
        ({"name": "x", "colour": "red"}, "colour"),
        ({"name": "x", "topic": 5}, "topic"),
        ({"name": "x", "topic": "t" * 251}, "topic"),
    ],
)
def test_bad_input_names_the_field_and_changes_nothing(api, owner, body, field):
    before = Room.objects.count(), Event.objects.count()
    refused = api(owner).post("/room", body, format="json")
    assert error(refused) == (400, "invalid")
    assert field in refused.data["fields"]
    assert (Room.objects.count(), Event.objects.count()) == before


@pytest.mark.parametrize(
    "body",
    ["[]", "5", "null", '"x"', "{", "[[[[", '{"name": 1e999}', "\ud800".encode("utf-8", "surrogatepass")],
)
def test_a_body_that_is_no_object_is_refused(api, owner, body):
    refused = api(owner).post("/room", body, content_type="application/json")
    assert error(refused) == (400, "invalid")


def test_invites_into_a_room(api, private_room, owner, member):
    path = f"/room/{private_room.slug}/invite"
    assert error(api(member).post(path)) == (403, "forbidden")
    made = api(owner).post(path)
    assert made.status_code == 201
    assert made.data["url"].endswith(f"/invite/{made.data['code']}")
    assert [link["code"] for link in api(owner).get(path).data["results"]] == [made.data["code"]]
    assert api(owner).delete(f"{path}/{made.data['code']}").status_code == 204
    assert api(owner).get(path).data["results"] == []


def test_the_list_costs_the_same_for_many_rooms(api, owner, django_assert_max_num_queries):
    door = api(owner)

    def queries():
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as captured:
            assert door.get("/room").status_code == 200
        return len(captured)

    door.post("/room", {"name": "one"}, format="json")
    few = queries()
    for number in range(10):
        door.post("/room", {"name": f"room {number}"}, format="json")
    assert queries() == few


def test_a_change_that_is_refused_in_part_is_refused_whole(api, owner, member, private_room):
    api(owner).patch("/room/board/member/member", {"role": "moderator"}, format="json")
    response = api(member).patch("/room/board", {"name": "Mine", "archived": True}, format="json")
    assert response.status_code == 403
    private_room.refresh_from_db()
    assert (private_room.name, private_room.archived) == ("Board", False)
