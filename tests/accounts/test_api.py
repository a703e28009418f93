import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import services
from accounts.authentication import attempt_limits
from accounts.models import User
from accounts.presence import presence
from tests.support.clients.cast import PASSWORD

pytestmark = pytest.mark.django_db

BO = {"username": "bo.b", "password": PASSWORD}


def error(response):
    return response.status_code, response.data["code"]


@pytest.fixture
def anyone(api):
    from rest_framework.test import APIClient

    return APIClient()


@pytest.mark.parametrize("path", ["/user", "/user/", "/user/owner", "/user/me", "/user/me/"])
def test_nobody_reads_nothing(anyone, owner, path):
    refused = anyone.get(path)
    assert error(refused) == (401, "unauthorized")
    assert set(refused.data) == {"code", "detail"}


@pytest.mark.parametrize("path", ["/user", "/user/"])
def test_the_list_has_who_is_here(api, owner, member, stranger, path):
    services.ban(stranger)
    listed = api(member).get(path)
    assert set(listed.data) == {"next", "previous", "results"}
    assert [user["username"] for user in listed.data["results"]] == ["owner", "member"]
    assert set(listed.data["results"][0]) == {
        *("username", "display_name", "avatar", "online", "last_seen"),
        *("availability", "status", "time_zone"),
    }


def test_the_list_is_paged(api, make_person, owner):
    for n in range(5):
        make_person(f"person{n}")
    door, seen, url = api(owner), [], "/user?limit=2"
    while url:
        page = door.get(url).data
        seen += [user["username"] for user in page["results"]]
        url = page["next"]
    assert seen == ["owner", "person0", "person1", "person2", "person3", "person4"]


@pytest.mark.parametrize(
    ("q", "found"), [("OWN", ["owner"]), ("lovelace", ["member"]), ("%", []), ("_", []), ("nope", [])]
)
def test_people_are_found_by_a_part_of_either_name(api, owner, member, q, found):
    services.update_profile(member, display_name="Ada Lovelace", email="secret@own.example")
    assert [user["username"] for user in api(owner).get("/user", {"q": q}).data["results"]] == found


def test_people_are_found_by_their_whole_names(api, owner, member, stranger):
    found = api(owner).get("/user?username=member&username=nobody&username=%00&username=&username=owner").data
    assert [user["username"] for user in found["results"]] == ["owner", "member"]


@pytest.mark.parametrize(
    "query",
    [
        "q=%00",
        "username=%00",
        "username=%00&username=owner",
        "q=" + "x" * 65,
        "cursor=x",
        "cursor=cD14",
        "cursor=cD0lMDA",
        "limit=-1",
        "limit=x",
        "cursor=cD05OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5",
        "cursor=bz14JnA9MQ",
    ],
)
def test_a_query_that_cannot_be_is_refused_or_ignored(api, owner, query):
    answer = api(owner).get(f"/user?{query}")
    assert answer.status_code in (200, 400, 404), answer.data


def test_the_list_takes_no_more_queries_with_more_people(api, owner, make_person):
    def queries():
        with CaptureQueriesContext(connection) as captured:
            assert api(owner).get("/user").status_code == 200
        return len(captured)

    before = queries()
    for n in range(20):
        make_person(f"person{n}")
    assert queries() == before == 1


@pytest.mark.parametrize("name", ["member", "MEMBER", "Member/"])
def test_a_person_is_found_in_any_case(api, owner, member, name):
    found = api(owner).get(f"/user/{name}")
    assert (found.status_code, found.data["username"]) == (200, "member")
    assert "email" not in found.data


def test_a_name_may_have_dots(api, owner, make_person):
    make_person("a.b.json")
    assert api(owner).get("/user/a.b.json").data["username"] == "a.b.json"


@pytest.mark.parametrize(
    "name", ["nobody", "ｍｅｍｂｅｒ", "member%0a", "%00", "x" * 3000, "1", "%F0%9F%98%80"]
)
def test_who_is_not_there_is_not_found(api, owner, member, name):
    assert error(api(owner).get(f"/user/{name}")) == (404, "not_found")


def test_presence_and_last_seen_are_told(api, owner, member, live):
    assert api(owner).get("/user/member").data["online"] is False
    presence.here.connect(member.pk, "a")
    assert api(owner).get("/user/member").data["online"] is True
    assert api(owner).get("/user/member").data["last_seen"] is None


class TestMe:
    def test_i_see_my_email_and_nobody_else_does(self, api, owner, member):
        services.update_profile(owner, email="ada@example.org")
        assert api(owner).get("/user/me").data["email"] == "ada@example.org"
        for path in ("/user", "/user/owner", "/user?q=ada"):
            assert "ada@example.org" not in api(member).get(path).content.decode()

    @pytest.mark.parametrize("method", ["patch", "put"])
    def test_i_change_my_name(self, api, owner, method):
        door = api(owner)
        changed = getattr(door, method)("/user/me", {"display_name": " Ada  L "}, format="json")
        assert (changed.status_code, changed.data["display_name"]) == (200, "Ada L")
        assert changed.data["avatar"]["initials"] == "AL"
        changed = getattr(door, method)("/user/me/", {"email": "ada@example.org"}, format="json")
        assert (changed.data["display_name"], changed.data["email"]) == ("Ada L", "ada@example.org")
        assert door.patch("/user/me", {"display_name": ""}, format="json").data["display_name"] == "owner"

    def test_a_double_click_has_one_reaction_or_none_and_others_do_not_see_which(self, api, owner, member):
        for sent, stored in (("❤", "❤️"), ("", "")):
            changed = api(owner).patch("/user/me", {"double_click_reaction": sent}, format="json")
            assert (changed.status_code, changed.data["double_click_reaction"]) == (200, stored)
            assert User.objects.get(pk=owner.pk).double_click_reaction == stored
        assert "double_click_reaction" not in api(member).get("/user/owner").data

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"display_name": 5}, "display_name"),
            ({"display_name": None}, "display_name"),
            ({"display_name": "a\u202e"}, "display_name"),
            ({"display_name": "x" * 65}, "display_name"),
            ({"display_name": {"$ne": ""}}, "display_name"),
            ({"email": "x"}, "email"),
            ({"email": ["a@b.org"]}, "email"),
            ({"double_click_reaction": "thumbs"}, "double_click_reaction"),
            ({"double_click_reaction": "👍👍"}, "double_click_reaction"),
            ({"double_click_reaction": None}, "double_click_reaction"),
            ({"double_click_reaction": ":party:"}, "double_click_reaction"),
            ({"username": "other"}, "username"),
            ({"is_staff": True}, "is_staff"),
            ({"display_name": "\ud800"}, "display_name"),
            ({"display_name": "\0"}, "display_name"),
        ],
    )
    def test_what_i_cannot_be_is_told_at_its_field(self, api, owner, body, field):
        refused = api(owner).patch("/user/me", json.dumps(body), content_type="application/json")
        assert error(refused) == (400, "invalid")
        assert list(refused.data["fields"]) == [field]
        assert User.objects.values("username", "display_name", "email", "is_staff").get() == {
            "username": "owner", "display_name": "", "email": "", "is_staff": False,
        }  # fmt: skip

    @pytest.mark.parametrize("body", [[], "x", 5, True, [{"display_name": "x"}]])
    def test_a_body_that_is_no_object_is_refused(self, api, owner, body):
        assert error(api(owner).patch("/user/me", body, format="json")) == (400, "invalid")

    def test_deleting_is_not_offered(self, api, owner):
        for path in ("/user/me", "/user/owner"):
            assert api(owner).delete(path).status_code == 405


class TestSignUp:
    def test_it_is_by_invite_as_things_come(self, anyone, db):
        assert error(anyone.post("/user", BO, format="json")) == (403, "forbidden")
        assert not User.objects.exists()

    @pytest.mark.parametrize("path", ["/user", "/user/"])
    def test_where_open_anyone_may(self, anyone, sign_up_is, path):
        sign_up_is("open")
        made = anyone.post(path, {**BO, "display_name": "Bo", "email": "bo@example.org"}, format="json")
        assert made.status_code == 201
        assert (made.data["username"], made.data["display_name"]) == ("bo.b", "Bo")
        assert "password" not in made.data
        assert User.objects.get().check_password(PASSWORD)

    def test_an_invite_code_lets_in(self, anyone, moderator):
        link = services.make_invite(moderator, max_uses=1)
        assert anyone.post("/user", {**BO, "invite": link.code}, format="json").status_code == 201
        again = anyone.post("/user", {**BO, "username": "other", "invite": link.code}, format="json")
        assert error(again) == (404, "not_found")
        assert User.objects.count() == 2

    def test_where_closed_nobody_may(self, anyone, moderator, sign_up_is):
        sign_up_is("closed")
        link = services.make_invite(moderator)
        assert error(anyone.post("/user", {**BO, "invite": link.code}, format="json")) == (403, "forbidden")

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"username": "OWNER"}, "username"),
            ({"username": "a b"}, "username"),
            ({"username": "İsa"}, "username"),
            ({"username": "ada\n"}, None),
            ({"username": 5}, "username"),
            ({"username": None}, "username"),
            ({"username": {"$gt": ""}}, "username"),
            ({"username": ["ada"]}, "username"),
            ({"username": "x" * 33}, "username"),
            ({"password": "short"}, "password"),
            ({"password": "x" * 1025}, "password"),
            ({"password": "null\0char"}, "password"),
            ({"password": 1234567890}, "password"),
            ({"password": ""}, "password"),
            ({"is_superuser": True}, "is_superuser"),
            ({"email": "x"}, "email"),
            ({"display_name": "\u202e"}, "display_name"),
            ({"invite": 5}, "invite"),
        ],
    )
    def test_what_cannot_be_is_told_at_its_field(self, anyone, owner, sign_up_is, change, field):
        sign_up_is("open")
        answer = anyone.post("/user", {**BO, **change}, format="json")
        if field is None:  # a line end around the name is white space, and is taken off
            assert answer.data["username"] == "ada"
            return
        assert error(answer) == (400, "invalid")
        assert list(answer.data["fields"]) == [field]
        assert User.objects.count() == 1

    @pytest.mark.parametrize("missing", ["username", "password"])
    def test_what_is_missing_is_told(self, anyone, sign_up_is, missing):
        sign_up_is("open")
        body = {key: value for key, value in BO.items() if key != missing}
        assert list(anyone.post("/user", body, format="json").data["fields"]) == [missing]

    def test_it_is_limited_with_a_time_to_wait(self, anyone, sign_up_is, monkeypatch):
        sign_up_is("open")
        monkeypatch.setattr(attempt_limits, "SIGN_UPS_PER_ADDRESS", 0)
        refused = anyone.post("/user", BO, format="json")
        assert error(refused) == (429, "rate_limited")
        assert refused.data["retry_after"] > 0
        assert refused["Retry-After"]

    def test_it_works_by_form_too(self, anyone, sign_up_is):
        sign_up_is("open")
        assert anyone.post("/user", BO, format="multipart").status_code == 201


class TestBrowsable:
    def test_pages_with_forms(self, client_of, owner):
        client = client_of(services.update_profile(owner, display_name="Ada"))
        listed = client.get("/user", headers={"accept": "text/html"})
        assert listed.status_code == 200
        assert 'name="password"' in listed.content.decode()
        mine = client.get("/user/me", headers={"accept": "text/html"}).content.decode()
        assert 'name="display_name"' in mine
        assert 'value="Ada"' in mine, "saving the form as it stands changes nothing"

    def test_a_session_needs_the_csrf_token_to_change(self, owner):
        from rest_framework.test import APIClient

        strict = APIClient(enforce_csrf_checks=True)
        strict.force_login(owner)
        assert error(strict.patch("/user/me", {"display_name": "x"}, format="json")) == (403, "forbidden")
        _, secret = services.make_token(owner, "bot")
        bot = APIClient(enforce_csrf_checks=True, headers={"authorization": f"Token {secret}"})
        assert bot.patch("/user/me", {"display_name": "x"}, format="json").status_code == 200
