import pytest

from accounts import services
from accounts.models import ApiToken, User
from accounts.services import tokens
from chatsite.contract.errors import Conflict, Unauthorized

pytestmark = pytest.mark.django_db


def test_people_say_what_they_are_called(client_of, owner):
    client = client_of(owner)
    data = {"display_name": "  Ada   Lovelace ", "email": "Ada@EXAMPLE.org"}
    assert client.post("/profile", data).url == "/profile"
    owner.refresh_from_db()
    assert (owner.display_name, owner.email) == ("Ada Lovelace", "Ada@example.org")
    assert "Ada Lovelace" in client.get("/profile").content.decode()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("display_name", "A\u202eda"),
        ("display_name", "x" * 65),
        ("display_name", "a\0b"),
        ("email", "nowhere"),
        ("email", "a\0@example.org"),
        ("email", "a" * 300 + "@example.org"),
        ("double_click_reaction", "thumbs"),
    ],
)
def test_what_cannot_be_is_told_at_its_field_and_not_stored(client_of, owner, field, value):
    page = client_of(owner).post("/profile", {field: value})
    assert (page.status_code, list(page.context["form"].errors)) == (400, [field])
    owner.refresh_from_db()
    assert (owner.display_name, owner.email) == ("", "")


def test_a_double_click_is_off_until_somebody_chooses_a_reaction(client_of, owner):
    client = client_of(owner)
    form = client.get("/profile").context["form"]
    assert (form["double_click_reaction"].value(), owner.double_click_reaction) == ("", "")
    for chosen in ("🎉", ""):
        assert client.post("/profile", {"double_click_reaction": chosen}).url == "/profile"
        owner.refresh_from_db()
        assert owner.double_click_reaction == chosen
    services.update_profile(owner, double_click_reaction="🦉")
    assert '<option value="🦉" selected>' in client.get("/profile").text
    assert client.post("/profile", {"double_click_reaction": "🦉"}).url == "/profile"


def test_a_name_is_text_and_never_markup(client_of, owner):
    client = client_of(owner)
    client.post("/profile", {"display_name": "<script>alert(1)</script>"})
    assert "<script>alert" not in client.get("/profile").content.decode()


@pytest.mark.parametrize("path", ["/profile", "/password", "/people/invite"])
def test_nobody_logs_in_first(client, db, path):
    assert client.get(path).url == f"/login?next={path}"


@pytest.mark.parametrize("path", ["/profile/token", "/profile/token/1/revoke", "/profile/others-out"])
def test_nobody_changes_nothing(client, db, path):
    assert client.post(path, {"name": "x"}).url.startswith("/login")
    assert client.get(path).status_code == 405


class TestTokens:
    def test_a_token_is_shown_once_and_stored_as_a_digest(self, client_of, client, owner):
        page = client_of(owner).post("/profile/token", {"name": "bot"})
        secret, token = page.context["new_token"], ApiToken.objects.get()
        assert secret in page.content.decode()
        assert "no-store" in page["Cache-Control"]
        assert secret.startswith(token.prefix)
        assert secret not in str(ApiToken.objects.values())
        assert secret not in client.get("/profile").content.decode()
        assert token.prefix in client.get("/profile").content.decode()

    def test_a_token_opens_rest(self, client, owner):
        _, secret = services.make_token(owner, "bot")
        answer = client.get("/user/me", headers={"authorization": f"Token {secret}"})
        assert answer.json()["username"] == "owner"

    def test_its_use_is_noted_at_most_once_a_minute(self, client, owner, django_assert_num_queries):
        token, secret = services.make_token(owner, "bot")
        client.get("/user/me", headers={"authorization": f"Token {secret}"})
        token.refresh_from_db()
        assert token.last_used_at
        with django_assert_num_queries(1):
            client.get("/user/me", headers={"authorization": f"Token {secret}"})

    @pytest.mark.parametrize(
        "header",
        ["Token", "Token ", "Token x", "Token a b", "token é", "Token \xff\xfe", "TOKEN " + "x" * 5000],
    )
    def test_another_header_is_refused(self, client, owner, header):
        answer = client.get("/user/me", headers={"authorization": header})
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
        assert answer["WWW-Authenticate"] == "Token"

    @pytest.mark.parametrize("bar", [services.deactivate, services.ban, services.log_out_everywhere])
    def test_a_token_ends_with_its_persons_standing(self, client, owner, bar):
        _, secret = services.make_token(owner, "bot")
        bar(owner)
        assert client.get("/user/me", headers={"authorization": f"Token {secret}"}).status_code == 401

    def test_a_revoked_token_is_over_and_its_sockets_too(self, client_of, owner, live, committed):
        (token, secret), (kept, _) = services.make_token(owner, "bot"), services.make_token(owner, "other")
        bot, other, page = live(owner, token_id=token.pk), live(owner, token_id=kept.pk), live(owner)
        client = client_of(owner)
        with committed():
            assert client.post(f"/profile/token/{token.pk}/revoke").url == "/profile"
        assert '{"code":"revoked"}' in bot.channel.text
        assert (other.closed, page.closed) == (False, False)
        client.logout()
        assert client.get("/user/me", headers={"authorization": f"Token {secret}"}).status_code == 401

    def test_anothers_token_cannot_be_revoked(self, client_of, owner, member):
        token, _ = services.make_token(owner, "bot")
        for pk in (token.pk, 999, 2**70):
            assert client_of(member).post(f"/profile/token/{pk}/revoke").status_code == 404
        assert ApiToken.objects.exists()

    @pytest.mark.parametrize("name", ["", "  ", "x" * 61, "a\0b"])
    def test_a_token_needs_a_name(self, client_of, owner, name):
        page = client_of(owner).post("/profile/token", {"name": name})
        assert page.context["token_form"].errors
        assert not ApiToken.objects.exists()

    def test_there_is_an_end_to_tokens(self, owner, monkeypatch):
        monkeypatch.setattr(tokens, "MAX_TOKENS", 1)
        services.make_token(owner, "one")
        with pytest.raises(Conflict):
            services.make_token(owner, "two")

    def test_one_too_many_is_refused_in_the_page(self, client_of, owner, monkeypatch):
        monkeypatch.setattr(tokens, "MAX_TOKENS", 1)
        services.make_token(owner, "one")
        page = client_of(owner).post("/profile/token", {"name": "two"})
        assert page.status_code == 409
        assert page.context["token_form"].non_field_errors() == [
            "There are 1 tokens already. Revoke one first."
        ]
        assert page.context["form"].errors == {}
        assert owner.tokens.count() == 1

    def test_none_is_made_by_what_let_somebody_in_before(self, owner):
        before = User.objects.get(pk=owner.pk)
        services.change_password(owner, "quite another horse")
        with pytest.raises(Unauthorized):
            services.make_token(before, "behind the change")
        assert not owner.tokens.exists()


def test_logging_out_everywhere_else_keeps_this_browser(client_of, owner, live, committed):
    from django.test import Client

    client, other = client_of(owner), Client()
    other.force_login(owner)
    _, secret = services.make_token(owner, "bot")
    socket = live(owner)
    with committed():
        assert client.post("/profile/others-out").url == "/profile"
    assert client.get("/profile").status_code == 200
    assert other.get("/profile").status_code == 302
    assert '{"code":"logged_out"}' in socket.channel.text
    assert Client().get("/user/me", headers={"authorization": f"Token {secret}"}).status_code == 401
