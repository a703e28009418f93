import pytest
from django.core.management import call_command
from django.urls import reverse

from accounts import arrivals, limits, services
from accounts.models import Invite, SiteSettings, User
from accounts.services import signup
from chatsite.errors import Conflict, Invalid, NotFound
from tests.accounts.conftest import PASSWORD

pytestmark = pytest.mark.django_db

BO = {"username": "bo.b", "display_name": " Bo  B ", "password": PASSWORD}


@pytest.fixture
def link(owner):
    return services.make_invite(owner)


@pytest.fixture
def open_site(sign_up_is):
    sign_up_is("open")


def test_by_default_one_needs_an_invite(client, db):
    page = client.get("/signup")
    assert (page.status_code, page.context["detail"]) == (
        403,
        "Sign-up is by invite link. Ask somebody here for one.",
    )
    assert client.post("/signup", BO).status_code == 403
    assert not User.objects.exists()


def test_where_sign_up_is_open_anyone_may(client, open_site):
    assert client.post("/signup", BO).url == "/"
    user = User.objects.get()
    assert (user.username, user.display_name, user.is_staff, user.is_superuser) == (
        "bo.b",
        "Bo B",
        False,
        False,
    )
    assert client.get("/profile").context["user"] == user


def test_an_invite_link_lets_somebody_in_and_counts(client, link, owner):
    page = client.get(f"/invite/{link.code}")
    assert b"owner invited you" in page.content
    assert client.post(f"/invite/{link.code}", BO).status_code == 302
    link.refresh_from_db()
    assert link.uses == 1
    assert link.used.get().user.username == "bo.b"


@pytest.mark.parametrize("door", ["open", "invite"])
def test_an_invite_leads_to_its_page(client, link, sign_up_is, monkeypatch, door):
    sign_up_is(door)
    monkeypatch.setattr(arrivals, "on_invite", [lambda user, invite: f"/profile?{user}"])
    assert client.post(f"/invite/{link.code}", BO).url == "/profile?bo.b"


def test_where_sign_up_is_closed_no_link_helps(client, link, sign_up_is):
    sign_up_is("closed")
    for path in ("/signup", f"/invite/{link.code}"):
        assert client.get(path).status_code == 403
        assert client.post(path, BO).status_code == 403
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    ("username", "sentence"),
    [
        ("OWNER", "That username is taken."),
        ("ab", "Use 3 to 32 letters, digits, dots, dashes or underscores."),
        ("ａｄａ", "Use 3 to 32 letters, digits, dots, dashes or underscores."),
        ("İsa", "Use 3 to 32 letters, digits, dots, dashes or underscores."),
        ("a\0b", "Null characters are not allowed."),
        ("x" * 33, "Use 3 to 32 letters, digits, dots, dashes or underscores."),
        ("invite", "That username is reserved."),
    ],
)
def test_a_username_that_cannot_be_is_told_at_its_field(client, owner, open_site, username, sentence):
    page = client.post("/signup", {**BO, "username": username})
    assert page.status_code == 400
    assert sentence in page.context["form"].errors["username"]
    assert User.objects.count() == 1


@pytest.mark.parametrize("password", ["short", "password", "12345678", "x" * 1025, "null\0character"])
def test_a_password_that_cannot_be_is_told_at_its_field(client, open_site, password):
    page = client.post("/signup", {**BO, "password": password})
    assert (page.status_code, list(page.context["form"].errors)) == (400, ["password"])


def test_a_display_name_with_invisible_characters_is_refused(client, open_site):
    page = client.post("/signup", {**BO, "display_name": "Bo\u202e"})
    assert page.context["form"].errors["display_name"] == ["Invisible characters are not allowed."]


def test_two_who_take_one_name_at_once_are_one_account_and_one_refusal(open_site, monkeypatch):
    def slow(*args, **kwargs):
        User.objects.create_user("BO.B", password="x")

    monkeypatch.setattr(limits, "attempt", slow)
    with pytest.raises(Invalid) as refused:
        services.sign_up(**BO, address="x")
    assert refused.value.fields == {"username": ["That username is taken."]}
    assert User.objects.count() == 1


def test_two_who_take_the_last_use_at_once_are_one_account(link, monkeypatch):
    Invite.objects.update(max_uses=1)

    def slow(*args, **kwargs):
        Invite.objects.update(uses=1)

    monkeypatch.setattr(limits, "attempt", slow)
    with pytest.raises(NotFound):
        services.sign_up(**BO, invite=link.code, address="x")
    assert User.objects.count() == 1, "and no account without an invite stays"


def test_the_password_is_hashed_outside_of_the_transaction(open_site, monkeypatch, django_db_blocker):
    depth = []
    set_password = User.set_password

    def spy(user, password):
        from django.db import connection

        depth.append(len(connection.savepoint_ids))
        set_password(user, password)

    monkeypatch.setattr(User, "set_password", spy)
    services.sign_up(**BO)
    assert depth == [0]


def test_sign_ups_of_an_address_are_limited(client, open_site, monkeypatch):
    monkeypatch.setattr(limits, "SIGN_UPS_PER_ADDRESS", 1)
    client.post("/signup", BO)
    client.logout()
    page = client.post("/signup", {**BO, "username": "another"})
    assert page.status_code == 429
    assert page["Retry-After"]


def test_who_is_logged_in_does_not_sign_up(client_of, owner, open_site):
    assert client_of(owner).get("/signup").url == "/"


class TestSetup:
    DATA = {"site_name": "The Hut", "username": "ada", "display_name": "Ada", "password": PASSWORD}

    def test_the_link_makes_the_first_administrator_once(self, client, db):
        link = services.setup_link()
        assert client.get(link).status_code == 200
        assert client.post(link, self.DATA).url == "/"
        user = User.objects.get()
        assert (user.is_superuser, user.is_staff, user.name) == (True, True, "Ada")
        assert SiteSettings.load().name == "The Hut"
        assert client.get("/profile").context["user"] == user
        assert services.setup_link() is None
        for again in (client.get(link), client.post(link, {**self.DATA, "username": "eve"})):
            assert again.status_code == 404
        assert User.objects.count() == 1

    @pytest.mark.parametrize(
        "token", ["x", "x:y:z", "é", "a" * 1000, "%00", "ImZpcnN0IGFkbWluaXN0cmF0b3Ii:1:x"]
    )
    def test_another_token_does_nothing(self, client, db, token):
        assert client.post(reverse("setup", args=["T"]).replace("T", token), self.DATA).status_code == 404
        assert not User.objects.exists()

    def test_a_link_runs_out(self, client, db):
        import time_machine

        with time_machine.travel("2026-01-01T00:00:00Z"):
            link = services.setup_link()
        with time_machine.travel("2026-01-09T00:00:00Z"):
            assert client.get(link).status_code == 404

    def test_two_who_open_it_at_once_are_one_administrator(self, db, monkeypatch):
        token = services.setup_link().rpartition("/")[2]
        new_user = signup.new_user

        def slow(*args, **kwargs):
            User.objects.create_superuser("first", password="x")
            return new_user(*args, **kwargs)

        monkeypatch.setattr(signup, "new_user", slow)
        with pytest.raises(Conflict):
            services.set_up(token, **self.DATA)
        assert User.objects.get().username == "first"

    def test_the_command_prints_the_link_only_while_there_is_nobody(self, db, capsys, client, make_person):
        call_command("setup_link", base="http://127.0.0.1:9/")
        printed = capsys.readouterr().out
        assert printed.startswith("http://127.0.0.1:9/setup/")
        assert client.get(printed.strip().removeprefix("http://127.0.0.1:9")).status_code == 200
        make_person("ada")
        call_command("setup_link")
        assert capsys.readouterr().out == ""
