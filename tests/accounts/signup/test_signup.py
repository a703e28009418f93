import pytest

from accounts import services, signup_hooks
from accounts.authentication import attempt_limits
from accounts.models import Invite, User
from chatsite.contract.errors import Invalid, NotFound
from tests.support.clients.cast import PASSWORD

pytestmark = pytest.mark.django_db

BO = {"username": "bo.b", "display_name": " Bo  B ", "password": PASSWORD}


@pytest.fixture
def link(moderator):
    return services.make_invite(moderator)


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


def test_an_invite_link_lets_somebody_in_and_counts(client, link):
    page = client.get(f"/invite/{link.code}")
    assert b"moderator invited you" in page.content
    assert client.post(f"/invite/{link.code}", BO).status_code == 302
    link.refresh_from_db()
    assert link.uses == 1
    assert link.used.get().user.username == "bo.b"


@pytest.mark.parametrize("door", ["open", "invite"])
def test_an_invite_leads_to_its_page(client, link, sign_up_is, monkeypatch, door):
    sign_up_is(door)
    monkeypatch.setattr(signup_hooks, "on_invite", [lambda user, invite: f"/profile?{user}"])
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


def test_all_that_is_wrong_is_told_at_once(client, open_site):
    page = client.post("/signup", {"username": "a b", "display_name": "\u202e", "password": "short"})
    assert set(page.context["form"].errors) == {"username", "display_name", "password"}


def test_a_display_name_with_invisible_characters_is_refused(client, open_site):
    page = client.post("/signup", {**BO, "display_name": "Bo\u202e"})
    assert page.context["form"].errors["display_name"] == ["Invisible characters are not allowed."]


def test_two_who_take_one_name_at_once_are_one_account_and_one_refusal(open_site, monkeypatch):
    def slow(*args, **kwargs):
        User.objects.create_user("BO.B", password="x")

    monkeypatch.setattr(attempt_limits, "attempt", slow)
    with pytest.raises(Invalid) as refused:
        services.sign_up(**BO, address="x")
    assert refused.value.fields == {"username": ["That username is taken."]}
    assert User.objects.count() == 1


def test_two_who_take_the_last_use_at_once_are_one_account(link, monkeypatch):
    Invite.objects.update(max_uses=1)

    def slow(*args, **kwargs):
        Invite.objects.update(uses=1)

    monkeypatch.setattr(attempt_limits, "attempt", slow)
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


@pytest.mark.usefixtures("one_window")
def test_sign_ups_of_an_address_are_limited(client, open_site, monkeypatch):
    monkeypatch.setattr(attempt_limits, "SIGN_UPS_PER_ADDRESS", 1)
    client.post("/signup", BO)
    client.logout()
    page = client.post("/signup", {**BO, "username": "another"})
    assert page.status_code == 429
    assert page["Retry-After"]


def test_who_is_logged_in_does_not_sign_up(client_of, owner, open_site):
    assert client_of(owner).get("/signup").url == "/"
