"""A name that looks like another's, or like an office, through every door."""

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Q

from accounts import services
from accounts.authentication import attempt_limits
from accounts.models import LOOKS_LIKE_ANOTHER, NameSkeleton, SiteSettings, User
from accounts.names.marks import ADMINISTRATOR, MODERATOR, mark_of, signs_among, signs_of
from accounts.names.skeletons import store_skeletons
from accounts.services import naming
from chatsite.contract.errors import Invalid
from tests.accounts.test_admin import LIST, save
from tests.support.clients.cast import PASSWORD

pytestmark = pytest.mark.django_db

OFFICE = naming.OFFICE
ALPHABETS = "Write each word in the letters of one alphabet."


@pytest.fixture
def ada(make_person):
    return services.update_profile(make_person("ada"), display_name="Ada Lovelace")


@pytest.fixture
def open_site(sign_up_is):
    sign_up_is("open")


def names():
    return set(User.objects.values_list("username", "display_name"))


REFUSED = [
    ({"username": "Ad4"}, None),
    ({"username": "a-d-a"}, {"username": [LOOKS_LIKE_ANOTHER]}),
    ({"username": "ada.lovelace"}, {"username": [LOOKS_LIKE_ANOTHER]}),
    ({"username": "eve", "display_name": "Аԁа"}, {"display_name": [LOOKS_LIKE_ANOTHER]}),
    ({"username": "eve", "display_name": "Ada-Lovelace"}, {"display_name": [LOOKS_LIKE_ANOTHER]}),
    ({"username": "eve", "display_name": "Ádà  Loveláce"}, {"display_name": [LOOKS_LIKE_ANOTHER]}),
    ({"username": "ADA"}, {"username": ["That username is taken."]}),
    ({"username": "admin"}, {"username": [OFFICE]}),
    ({"username": "r00t"}, {"username": [OFFICE]}),
    ({"username": "eve", "display_name": "Site Admin"}, {"display_name": [OFFICE]}),
    ({"username": "eve", "display_name": "Chatsite"}, {"display_name": [OFFICE]}),
    ({"username": "eve", "display_name": "Ada Lоvelace"}, {"display_name": [ALPHABETS]}),
    ({"username": "...", "display_name": ""}, {"username": ["Begin and end it with a letter or digit."]}),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "fields"), REFUSED)
def test_signing_up(api, client, ada, open_site, asked, fields):
    before = names()
    answer = api(None).post("/user", {"password": PASSWORD, **asked}, format="json")
    if fields is None:
        assert answer.status_code == 201
        return
    assert (answer.status_code, answer.data["code"], answer.data["fields"]) == (400, "invalid", fields)
    page = client.post("/signup", {"password": PASSWORD, **asked})
    assert (page.status_code, dict(page.context["form"].errors)) == (400, fields)
    assert names() == before


def test_signing_up_by_an_invite(client, ada, owner):
    owner.is_staff = True
    owner.save(update_fields=["is_staff"])
    link = services.make_invite(owner, max_uses=1)
    page = client.post(f"/invite/{link.code}", {"username": "a_d_a", "password": PASSWORD})
    assert page.context["form"].errors == {"username": [LOOKS_LIKE_ANOTHER]}
    link.refresh_from_db()
    assert link.uses == 0


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("Аdа", ALPHABETS),
        ("Аԁа", LOOKS_LIKE_ANOTHER),
        ("ada.lovelace", LOOKS_LIKE_ANOTHER),
        ("Moderator", OFFICE),
        ("Bo @ada", "@"),
    ],
)
def test_changing_my_name(api, client_of, ada, owner, name, sentence):
    answer = api(owner).patch("/user/me", {"display_name": name}, format="json")
    assert (answer.status_code, list(answer.data["fields"])) == (400, ["display_name"])
    page = client_of(owner).post("/profile", {"display_name": name, "email": ""})
    assert sentence in page.context["form"].errors["display_name"][0]
    # Nor does the page that says so show it as mine.
    assert page.context["user"].display_name == ""
    owner.refresh_from_db()
    assert owner.display_name == ""
    assert ada.name_skeletons.count() == 2


def test_i_may_call_myself_as_i_am_called(api, ada):
    for name in ("ADA", "Ada-Lovelace", "Ada", "", "Ada Lovelace"):
        assert api(ada).patch("/user/me", {"display_name": name}, format="json").status_code == 200
    assert set(ada.name_skeletons.values_list("skeleton", flat=True)) == {"ada", "adalovelace"}


def test_a_name_that_is_given_up_may_be_taken(api, ada, owner):
    services.update_profile(ada, display_name="Augusta")
    assert api(owner).patch("/user/me", {"display_name": "Ada Lovelace"}, format="json").status_code == 200
    with pytest.raises(Invalid):
        services.update_profile(ada, display_name="Ada Lovelace")


@pytest.mark.parametrize("change", [{"is_active": False}, {"is_banned": True}])
def test_whoever_is_barred_keeps_the_name(api, ada, owner, change):
    User.objects.filter(pk=ada.pk).update(**change)
    assert api(owner).patch("/user/me", {"display_name": "Ada"}, format="json").status_code == 400


def test_an_administrator_may_bear_the_name_of_an_office_and_give_it(api, administrator, client_of, owner):
    assert (
        api(administrator).patch("/user/me", {"display_name": "Administrator"}, format="json").status_code
        == 200
    )
    save(client_of(administrator), owner, display_name="Support")
    owner.refresh_from_db()
    assert owner.display_name == "Support"


def test_nobody_takes_anothers_name_for_somebody_in_the_administration(client_of, administrator, ada, owner):
    admin = client_of(administrator)
    page = save(admin, owner, display_name="Аԁа", email="owner@example.org")
    assert page.context["adminform"].form.errors == {"display_name": [LOOKS_LIKE_ANOTHER]}
    data = {"username": "a.d.a", "password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"}
    page = admin.post(f"{LIST}add/", data)
    assert page.context["adminform"].form.errors == {"username": [LOOKS_LIKE_ANOTHER]}
    owner.refresh_from_db()
    assert (owner.display_name, owner.email) == ("", "")
    assert not User.objects.filter(username="a.d.a").exists()


def test_a_moderator_gives_no_office(client_of, moderator, owner):
    page = save(client_of(moderator), owner, display_name="Administrator")
    assert page.context["adminform"].form.errors == {"display_name": [OFFICE]}
    services.update_profile(moderator, display_name="Moderator")  # the username says so already
    with pytest.raises(Invalid):
        services.update_profile(moderator, display_name="Administrator")


def test_a_name_taken_while_the_form_was_checked_is_told_above_it(client_of, administrator, ada, monkeypatch):
    monkeypatch.setattr(services, "check_names", lambda *args, **kwargs: None)
    data = {"username": "a.d.a", "password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"}
    page = client_of(administrator).post(f"{LIST}add/", data, follow=True)
    assert [str(message) for message in page.context["messages"]] == [LOOKS_LIKE_ANOTHER]
    assert not User.objects.filter(username="a.d.a").exists()


def test_createsuperuser(ada, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    with pytest.raises(CommandError, match="looks like"):
        call_command("createsuperuser", "--noinput", username="a.da")
    call_command("createsuperuser", "--noinput", username="admin", verbosity=0)
    assert User.objects.get(username="admin").is_superuser


def test_the_first_administrator_may_be_called_so(client, db):
    link = services.setup_link()
    page = client.post(
        link, {"site_name": "Hut", "username": "admin", "display_name": "Root", "password": PASSWORD}
    )
    assert page.status_code == 302
    assert User.objects.get().display_name == "Root"


def test_the_sites_own_name(api, owner):
    SiteSettings.load()
    SiteSettings.objects.update(name="Northside Makers")
    for name, status in (("N0rthside Makers", 400), ("Northside Makers Team", 400), ("Northside Ned", 200)):
        assert api(owner).patch("/user/me", {"display_name": name}, format="json").status_code == status


def test_of_two_who_take_names_alike_at_once_one_has_it(open_site, monkeypatch):
    check = naming.check_names

    def slow(user, *args, **kwargs):
        check(user, *args, **kwargs)
        if user.username == "bo.b":
            User.objects.create_user("b-ob", display_name="B0.B", password="x")

    monkeypatch.setattr("accounts.services.signup.check_names", slow)
    with pytest.raises(Invalid) as refused:
        services.sign_up(username="bo.b", password=PASSWORD)
    assert refused.value.fields == {"username": [LOOKS_LIKE_ANOTHER]}
    assert names() == {("b-ob", "B0.B")}


def test_the_database_alone_tells_two_apart(ada, monkeypatch):
    """Where both have looked before either wrote."""
    NameSkeleton.objects.bulk_create([NameSkeleton(user=ada, skeleton="bob")])
    late = User(username="b.ob")
    monkeypatch.setattr("accounts.models.NameSkeletonQuerySet.check", lambda *args: None)
    with pytest.raises(ValidationError):
        late.save()
    assert not User.objects.filter(username="b.ob").exists()


@pytest.mark.usefixtures("one_window")
def test_answers_are_behind_the_limit(api, ada, open_site, monkeypatch):
    """Else anybody could ask of any name whether somebody has one like it."""
    monkeypatch.setattr(attempt_limits, "SIGN_UPS_PER_ADDRESS", 1)
    codes = [
        api(None).post("/user", {"username": "a-d-a", "password": PASSWORD}, format="json").data["code"]
        for _ in range(2)
    ]
    assert codes == ["invalid", "rate_limited"]


class TestFromBefore:
    """People who looked alike before that was refused."""

    @pytest.fixture
    def twins(self, db):
        people = [("sam", "Sam"), ("sam2", "Ѕаm"), ("eve", "Eve"), ("...", "SAM")]
        User.objects.bulk_create(
            User(username=name, display_name=shown, password="!") for name, shown in people
        )
        everybody = list(User.objects.order_by("pk"))
        store_skeletons(NameSkeleton, everybody)
        return {user.username: user for user in everybody}

    def test_they_stay_and_are_known(self, twins):
        assert signs_among(twins).alike == {"sam", "sam2", "..."}
        assert NameSkeleton.objects.filter(exclusive=True, skeleton="sarn").get().user == twins["sam"]

    def test_they_change_something_else_and_keep_the_name(self, api, client_of, twins):
        twin = twins["sam2"]
        assert api(twin).patch("/user/me", {"email": "s@example.org"}, format="json").status_code == 200
        kept = {"display_name": "Ѕаm", "email": "t@example.org"}
        assert client_of(twin).post("/profile", kept).status_code == 302
        twin.refresh_from_db()
        assert (twin.display_name, twin.email) == ("Ѕаm", "t@example.org")

    def test_nobody_else_takes_theirs(self, api, twins):
        assert (
            api(twins["eve"]).patch("/user/me", {"display_name": "S-a-m"}, format="json").status_code == 400
        )

    def test_the_last_who_keeps_it_has_it_alone(self, api, twins):
        services.update_profile(twins["sam"], display_name="Anna")
        services.update_profile(twins["..."], display_name="Bert")
        # "sam" still is a username.
        assert signs_among(twins).alike == {"sam", "sam2"}
        services.update_profile(twins["sam2"], display_name="Samuel")
        assert signs_among(twins).alike == frozenset()
        assert api(twins["eve"]).patch("/user/me", {"display_name": "Sam"}, format="json").status_code == 400

    def test_an_old_username_still_logs_in(self, client, twins):
        twins["..."].set_password(PASSWORD)
        twins["..."].save(update_fields=["password"])
        assert client.post("/login", {"username": "...", "password": PASSWORD}).url == "/"


@pytest.mark.django_db(transaction=True)
def test_the_migration_finds_who_looks_alike():
    executor = MigrationExecutor(connection)
    executor.migrate([("accounts", "0004_process")])
    try:
        old = executor.loader.project_state([("accounts", "0004_process")]).apps.get_model("accounts", "User")
        old.objects.bulk_create(
            old(username=f"sam{n}", display_name="Sam", password="!") for n in range(1200)
        )
    finally:
        executor = MigrationExecutor(connection)
        executor.migrate(executor.loader.graph.leaf_nodes())
    assert NameSkeleton.objects.filter(exclusive=False).count() == 1199
    assert NameSkeleton.objects.count() == 2400
    assert len(signs_of(Q()).alike) == 1000


class TestMarks:
    def test_who_wears_one(self, administrator, moderator, owner):
        signs = signs_among([])
        assert signs.marks == {"root.admin": ADMINISTRATOR, "moderator": MODERATOR}
        assert (mark_of(administrator), mark_of(moderator), mark_of(owner)) == (
            ADMINISTRATOR,
            MODERATOR,
            None,
        )

    def test_whoever_is_barred_wears_none(self, moderator):
        services.ban(moderator)
        assert signs_among([]).marks == {}
        assert mark_of(moderator) is None

    def test_one_query(self, moderator, owner, django_assert_num_queries):
        with django_assert_num_queries(1):
            signs_among(["owner"])
