import pytest
import time_machine
from django.contrib.auth.hashers import make_password
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client

from accounts import services
from accounts.authentication import attempt_limits
from accounts.models import ApiToken, User
from chatsite.contract.errors import Forbidden
from tests.support.clients.cast import PASSWORD

pytestmark = pytest.mark.django_db
NEW = "quite another horse"


def change(client, current=PASSWORD, password=NEW):
    return client.post("/password", {"current": current, "password": password})


def test_a_change_keeps_this_browser_and_ends_all_else(client_of, owner, member, live, committed):
    client, other = client_of(owner), Client()
    other.force_login(owner)
    sockets, anothers = [live(owner), live(owner, token_id=1)], live(member)
    with committed():
        assert change(client).url == "/profile"
    assert client.get("/profile").status_code == 200
    assert other.get("/profile").status_code == 302
    assert all('{"code":"password_changed"}' in socket.channel.text and socket.closed for socket in sockets)
    assert not anothers.channel.frames
    assert User.objects.get(pk=owner.pk).check_password(NEW)


@pytest.mark.parametrize(
    ("current", "password", "field"),
    [
        ("wrong", NEW, "current"),
        (PASSWORD, "short", "password"),
        (PASSWORD, "owner123", "password"),
        (PASSWORD, "x" * 1025, "password"),
        (PASSWORD, "null\0character", "password"),
        ("", NEW, "current"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_changes(client_of, owner, current, password, field):
    page = change(client_of(owner), current, password)
    assert (page.status_code, list(page.context["form"].errors)) == (400, [field])
    assert User.objects.get(pk=owner.pk).check_password(PASSWORD)


@pytest.mark.usefixtures("one_window")
def test_guesses_at_the_current_password_are_limited(client_of, owner):
    client = client_of(owner)
    for _ in range(attempt_limits.LOGINS_PER_NAME):
        assert change(client, "wrong").status_code == 400
    assert change(client).status_code == 429


class TestDigits:
    """Digits alone are no password, however many: whichever door it comes through."""

    @pytest.fixture(params=["9071352846", "90713528460917352841"])
    def digits(self, request):
        return request.param

    def test_of_somebody_new(self, client, sign_up_is, digits):
        link = services.setup_link()
        data = {"username": "ada", "password": digits, "site_name": "Hut"}
        assert client.post(link, data).status_code == 400
        sign_up_is("open")
        assert client.post("/signup", data).status_code == 400
        refused = client.post("/user", {"username": "ada", "password": digits}, "application/json")
        assert (refused.status_code, list(refused.json()["fields"])) == (400, ["password"])
        assert not User.objects.exists()

    def test_of_somebody_who_is_here(self, client_of, owner, digits):
        assert change(client_of(owner), PASSWORD, digits).status_code == 400
        assert Client().post(services.make_reset_link(owner), {"password": digits}).status_code == 400
        assert User.objects.get(pk=owner.pk).check_password(PASSWORD)

    def test_by_the_administration(self, client_of, administrator, owner, digits):
        client = client_of(administrator)
        typed = {"password1": digits, "password2": digits, "usable_password": "true"}
        for path in (f"/admin/accounts/user/{owner.pk}/password/", "/admin/accounts/user/add/"):
            page = client.post(path, {"username": "ada", **typed})
            assert page.status_code == 200
            assert "entirely numeric" in page.content.decode()
        assert User.objects.get(pk=owner.pk).check_password(PASSWORD)
        assert not User.objects.filter(username="ada").exists()

    def test_by_a_command(self, owner, digits, monkeypatch, capsys):
        monkeypatch.setattr("getpass.getpass", lambda prompt: digits)
        with pytest.raises(CommandError):
            call_command("changepassword", "owner")
        assert "entirely numeric" in capsys.readouterr().err

    def test_digits_among_others_are_one(self, client_of, owner):
        assert change(client_of(owner), PASSWORD, "9071352846x").url == "/profile"


class TestTokens:
    """A new password revokes tokens, whichever door it comes through; on the page one may keep some."""

    @pytest.fixture
    def bots(self, owner, member):
        return [
            services.make_token(user, name)[0]
            for user, name in ((owner, "deploy"), (owner, "news"), (member, "bot"))
        ]

    def names(self):
        return set(ApiToken.objects.values_list("name", flat=True))

    def test_the_page_lists_them_and_says_what_happens(self, client_of, owner, bots):
        page = client_of(owner).get("/password").content.decode()
        assert "Tokens for programs are revoked, except those that you tick." in page
        assert page.count('name="keep_tokens"') == 2
        assert "checked" not in page

    def test_who_has_none_is_asked_nothing(self, client_of, owner):
        assert "keep_tokens" not in client_of(owner).get("/password").content.decode()

    def test_a_change_revokes_all(self, client_of, owner, bots):
        change(client_of(owner))
        assert self.names() == {"bot"}

    def test_but_those_that_are_kept_and_what_is_connected_by_them(
        self, client_of, owner, member, bots, live, committed
    ):
        kept, ended = live(owner, token_id=bots[0].pk), live(owner, token_id=bots[1].pk)
        browser, anothers = live(owner), live(member, token_id=bots[2].pk)
        with committed():
            client_of(owner).post(
                "/password", {"current": PASSWORD, "password": NEW, "keep_tokens": [bots[0].pk]}
            )
        assert self.names() == {"deploy", "bot"}
        assert all(
            '{"code":"password_changed"}' in one.channel.text and one.closed for one in (ended, browser)
        )
        assert not any(one.closed or one.channel.frames for one in (kept, anothers))

    @pytest.mark.parametrize("kept", ["another's", "x", "9" * 30, "\0"])
    def test_one_that_is_not_theirs_cannot_be_kept(self, client_of, owner, bots, kept):
        kept = bots[2].pk if kept == "another's" else kept
        page = client_of(owner).post(
            "/password", {"current": PASSWORD, "password": NEW, "keep_tokens": [kept]}
        )
        assert (page.status_code, list(page.context["form"].errors)) == (400, ["keep_tokens"])
        assert len(self.names()) == 3

    def test_a_wrong_password_revokes_none(self, client_of, owner, bots):
        change(client_of(owner), "wrong")
        assert len(self.names()) == 3

    def test_the_administration_revokes_all_and_says_so(
        self, client_of, administrator, owner, bots, live, committed
    ):
        client, path = client_of(administrator), f"/admin/accounts/user/{owner.pk}/password/"
        assert "all their tokens are revoked" in client.get(path).content.decode()
        program = live(owner, token_id=bots[0].pk)
        with committed():
            client.post(path, {"password1": NEW, "password2": NEW, "usable_password": "true"})
        assert User.objects.get(pk=owner.pk).check_password(NEW)
        assert self.names() == {"bot"}
        assert program.closed

    def test_so_does_the_command(self, owner, bots, live, committed, monkeypatch, capsys):
        typed = iter(["one thing", "and another", "12345678", "12345678", NEW, NEW])
        monkeypatch.setattr("getpass.getpass", lambda prompt: next(typed))
        program = live(owner, token_id=bots[0].pk)
        with committed():
            call_command("changepassword", "OWNER")
        told = capsys.readouterr()
        assert "all its tokens are revoked" in told.out
        assert "not the same" in told.err
        assert User.objects.get(pk=owner.pk).check_password(NEW)
        assert self.names() == {"bot"}
        assert program.closed

    def test_a_command_that_gets_no_good_password_changes_nothing(self, owner, bots, monkeypatch):
        monkeypatch.setattr("getpass.getpass", lambda prompt: "short")
        for name in ("owner", "nobody-here"):
            with pytest.raises(CommandError):
                call_command("changepassword", name)
        assert User.objects.get(pk=owner.pk).check_password(PASSWORD)
        assert len(self.names()) == 3

    def test_so_does_whoever_sets_it_in_a_shell(self, owner, bots):
        owner.set_password(NEW)
        owner.save()
        assert self.names() == {"bot"}
        owner.save()
        services.make_token(owner, "later")
        owner.save()
        assert self.names() == {"bot", "later"}


def test_a_hash_made_anew_does_not_bring_an_old_password_back(owner, settings):
    """A login checks the old password, which takes its time, and somebody chooses another meanwhile."""
    settings.PASSWORD_HASHERS = [
        "django.contrib.auth.hashers.PBKDF2PasswordHasher",
        *settings.PASSWORD_HASHERS,
    ]
    before = User.objects.get(pk=owner.pk)
    services.change_password(owner, NEW)
    assert before.check_password(PASSWORD)
    assert User.objects.get(pk=owner.pk).check_password(NEW)
    current = User.objects.get(pk=owner.pk)
    User.objects.filter(pk=owner.pk).update(password=make_password(NEW, hasher="md5"))
    current.refresh_from_db()
    assert current.check_password(NEW)
    assert User.objects.get(pk=owner.pk).password.startswith("pbkdf2")


class TestLink:
    def path(self, user):
        return services.make_reset_link(user)

    def test_it_works_once_and_ends_sessions_and_tokens(self, client, client_of, owner, live, committed):
        thief, _ = client_of(owner), services.make_token(owner, "bot")
        path, socket, visitor = self.path(owner), live(owner), Client()
        assert visitor.get(path).status_code == 200
        with committed():
            assert visitor.post(path, {"password": NEW}).url == "/login"
        assert thief.get("/profile").status_code == 302
        assert socket.closed
        assert not owner.tokens.exists()
        assert visitor.post("/login", {"username": "owner", "password": NEW}).url == "/"
        assert Client().get(path).status_code == 404
        assert Client().post(path, {"password": "yet another one"}).status_code == 404

    def test_a_bad_password_does_not_use_it_up(self, client, owner):
        path = self.path(owner)
        assert client.post(path, {"password": "short"}).status_code == 400
        assert client.get(path).status_code == 200

    def test_it_runs_out(self, client, owner):
        path = self.path(owner)
        with time_machine.travel("2099-01-01T00:00:00Z"):
            assert client.get(path).status_code == 404

    @pytest.mark.parametrize("bar", [services.deactivate, services.ban])
    def test_it_is_not_for_the_barred(self, client, owner, bar):
        path = self.path(owner)
        bar(owner)
        assert client.get(path).status_code == 404
        with pytest.raises(Forbidden):
            self.path(owner)

    @pytest.mark.parametrize(
        "path",
        ["x/y", "MQ/x", "MQ/a-b", "/x", "é/é", "%00/%00", "MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NQ/x-y", "_w/x-y"],
    )
    def test_another_leads_nowhere(self, client, owner, path):
        assert client.get(f"/password/reset/{path}").status_code == 404

    def test_only_administrators_make_one(self, owner, moderator, administrator):
        assert services.make_reset_link(owner, by=administrator)
        for by in (moderator, owner):
            with pytest.raises(Forbidden):
                services.make_reset_link(administrator, by=by)


class TestMail:
    @pytest.fixture(autouse=True)
    def mail_is_set_up(self, settings):
        settings.MAIL = True

    def test_a_link_is_sent_to_the_address(self, client, owner, settings):
        services.update_profile(owner, email="ada@example.org")
        page = client.post("/password/reset", {"email": "ADA@example.org"})
        assert page.status_code == 200
        (sent,) = mail.outbox
        assert sent.to == ["ada@example.org"]
        link = next(line for line in sent.body.splitlines() if line.startswith(settings.SITE_URL))
        assert client.get(link.removeprefix(settings.SITE_URL)).status_code == 200

    def test_an_address_nobody_has_gets_the_same_page(self, client, owner):
        services.update_profile(owner, email="ada@example.org")
        known, unknown = (
            client.post("/password/reset", {"email": e}).content.decode()
            for e in ("ada@example.org", "eve@example.org")
        )
        assert known.replace("ada@", "eve@") == unknown
        assert len(mail.outbox) == 1

    def test_the_barred_get_none(self, client, owner):
        services.update_profile(owner, email="ada@example.org")
        services.ban(owner)
        client.post("/password/reset", {"email": "ada@example.org"})
        assert mail.outbox == []

    @pytest.mark.usefixtures("one_window")
    def test_an_inbox_cannot_be_flooded(self, client, owner):
        services.update_profile(owner, email="ada@example.org")
        answers = [client.post("/password/reset", {"email": "ada@example.org"}).status_code for _ in range(5)]
        assert answers == [200] * attempt_limits.RESETS_PER_NAME + [429] * 2
        assert len(mail.outbox) == attempt_limits.RESETS_PER_NAME

    @pytest.mark.parametrize(
        "email", ["", "nowhere", "a\0@b.org", "x" * 400 + "@b.org", "a@b.org\nBcc: c@d.org"]
    )
    def test_what_is_no_address_is_refused(self, client, db, email):
        assert client.post("/password/reset", {"email": email}).status_code == 400


def test_without_mail_the_page_says_whom_to_ask(client, owner):
    assert "Ask an administrator" in client.get("/password/reset").content.decode()
    assert (
        "Ask an administrator"
        in client.post("/password/reset", {"email": "ada@example.org"}).content.decode()
    )
    assert mail.outbox == []
