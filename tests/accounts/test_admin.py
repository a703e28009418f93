import re

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client

from accounts import services
from accounts.models import ApiToken, Invite, SiteSettings, User
from tests.support.administration_actions import carry_out
from tests.support.clients.cast import PASSWORD

pytestmark = pytest.mark.django_db

LIST = "/admin/accounts/user/"


@pytest.fixture
def admin(client_of, administrator):
    return client_of(administrator)


@pytest.fixture
def moderating(moderator):
    client = Client()
    client.force_login(moderator)
    return client


def act(client, action, *users):
    if action == "make_reset_link":
        ticked = {"action": action, "_selected_action": [user.pk for user in users]}
        return client.post(LIST, ticked, follow=True)
    return carry_out(client, action, *users)


def form_of(user, **changes):
    values = {
        name: getattr(user, name)
        for name in ("display_name", "email", "is_active", "is_banned", "is_staff", "is_superuser")
    }
    return {**values, **changes}


def save(client, user, **changes):
    return client.post(f"{LIST}{user.pk}/change/", form_of(user, **changes), follow=True)


@pytest.mark.parametrize(
    ("action", "field", "value", "code"),
    [("deactivate", "is_active", False, "deactivated"), ("ban", "is_banned", True, "banned")],
)
def test_an_action_bars_at_once(admin, owner, member, live, committed, action, field, value, code):
    cut, kept = live(owner), live(member)
    with committed():
        act(admin, action, owner)
    owner.refresh_from_db()
    assert getattr(owner, field) is value
    assert f'{{"code":"{code}"}}' in cut.channel.text
    assert not kept.closed
    assert LogEntry.objects.get().object_repr == "owner"
    act(admin, {"deactivate": "reactivate", "ban": "unban"}[action], owner)
    owner.refresh_from_db()
    assert owner.is_present


@pytest.mark.parametrize(
    ("change", "code"), [({"is_active": False}, "deactivated"), ({"is_banned": True}, "banned")]
)
def test_a_change_in_the_form_bars_at_once(admin, owner, live, committed, change, code):
    connection, version = live(owner), owner.session_version
    with committed():
        assert save(admin, owner, **change).status_code == 200
    owner.refresh_from_db()
    assert not owner.is_present
    assert owner.session_version == version + 1
    assert f'{{"code":"{code}"}}' in connection.channel.text


def test_a_name_is_changed_and_nobody_is_logged_out(admin, owner, live, committed):
    connection = live(owner)
    with committed():
        save(admin, owner, display_name="Ada", email="ada@example.org")
    owner.refresh_from_db()
    assert (owner.display_name, owner.email, connection.closed) == ("Ada", "ada@example.org", False)


def test_an_administrator_cannot_lock_everyone_out(admin, administrator, owner):
    page = save(admin, administrator, is_active=False, is_superuser=False)
    assert "last administrator" in page.content.decode() or "your own account" in page.content.decode()
    act(admin, "deactivate", administrator)
    administrator.refresh_from_db()
    assert (administrator.is_active, administrator.is_superuser) == (True, True)


def test_logging_out_everywhere(admin, owner, live, committed):
    session, connection = Client(), live(owner)
    session.force_login(owner)
    services.make_token(owner, "bot")
    with committed():
        act(admin, "end_everything", owner)
    assert session.get("/profile").status_code == 302
    assert connection.closed
    assert not owner.tokens.exists()


def test_a_reset_link_is_made_and_works(admin, owner):
    page = act(admin, "make_reset_link", owner).content.decode()
    path = page[page.index("/password/reset/") :].split("<")[0].split()[0]
    assert Client().get(path).status_code == 200


def test_a_password_set_here_ends_sessions(admin, administrator, owner, live, committed):
    session, connection = Client(), live(owner)
    session.force_login(owner)
    new = {"password1": "quite another horse", "password2": "quite another horse", "usable_password": "true"}
    with committed():
        assert admin.post(f"{LIST}{owner.pk}/password/", new).status_code == 302
    assert User.objects.get(pk=owner.pk).check_password("quite another horse")
    assert session.get("/profile").status_code == 302
    assert '{"code":"password_changed"}' in connection.channel.text
    assert admin.get("/admin/").status_code == 200


def test_a_password_set_here_has_bounds(admin, owner):
    long = {"password1": "x" * 1025, "password2": "x" * 1025, "usable_password": "true"}
    assert admin.post(f"{LIST}{owner.pk}/password/", long).status_code == 200
    assert User.objects.get(pk=owner.pk).check_password(PASSWORD)


@pytest.mark.parametrize(
    ("username", "made"),
    [("bo.b", True), ("OWNER", False), ("ａｄａ", False), ("a b", False), ("a\0b", False)],
)
def test_an_account_is_added(admin, owner, username, made):
    data = {"username": username, "password1": PASSWORD, "password2": PASSWORD, "usable_password": "true"}
    admin.post(f"{LIST}add/", data)
    assert User.objects.filter(username=username.replace("\0", "")).exists() is made
    assert User.objects.count() == 2 + made


def test_a_username_stays(admin, owner):
    save(admin, owner, username="other")
    owner.refresh_from_db()
    assert owner.username == "owner"


def test_accounts_are_never_deleted(admin, owner):
    assert admin.get(f"{LIST}{owner.pk}/delete/").status_code == 403
    admin.post(LIST, {"action": "delete_selected", "_selected_action": [owner.pk], "post": "yes"})
    assert User.objects.filter(pk=owner.pk).exists()


class TestModerators:
    def test_they_bar_people(self, moderating, owner):
        act(moderating, "ban", owner)
        owner.refresh_from_db()
        assert owner.is_banned

    def test_they_do_not_bar_administrators(self, moderating, administrator):
        page = act(moderating, "ban", administrator)
        assert "Only an administrator may do that" in page.content.decode()
        assert (
            moderating.post(
                f"{LIST}{administrator.pk}/change/", form_of(administrator, is_banned=True)
            ).status_code
            == 403
        )
        administrator.refresh_from_db()
        assert administrator.is_present

    def test_they_give_no_ranks_and_take_no_accounts(self, moderating, moderator, owner):
        save(moderating, owner, is_staff=True, is_superuser=True, email="mine@example.org")
        owner.refresh_from_db()
        assert (owner.is_staff, owner.is_superuser, owner.email) == (False, False, "")
        assert moderating.post(
            f"{LIST}{owner.pk}/password/", {"password1": PASSWORD, "password2": PASSWORD}
        ).status_code in (302, 403)
        assert "/password/reset/" not in act(moderating, "make_reset_link", owner).text
        assert owner.has_usable_password()

    @pytest.mark.parametrize(
        "path", [f"{LIST}add/", "/admin/accounts/sitesettings/1/change/", "/admin/accounts/apitoken/"]
    )
    def test_some_pages_are_administrators(self, moderating, db, path):
        SiteSettings.load()
        assert moderating.get(path).status_code == 403

    @pytest.mark.parametrize(
        "path",
        ["/admin/", LIST, "/admin/accounts/invite/", "/admin/rooms/room/", "/admin/messaging/message/"],
    )
    def test_other_pages_are_theirs(self, moderating, path):
        assert moderating.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/admin/", LIST, "/admin/accounts/sitesettings/"])
def test_people_see_no_admin(client_of, owner, path):
    answer = client_of(owner).get(path, follow=True)
    assert answer.status_code == 403


def test_site_settings_are_one_row(admin, db):
    assert admin.get("/admin/accounts/sitesettings/").url == "/admin/accounts/sitesettings/1/change/"
    wanted = {"name": "Hut", "sign_up": "open", "inviters": "members", "keep_edits": False}
    wanted |= {"emoji_adders": "administrators", "notification_level": "all"}
    admin.post("/admin/accounts/sitesettings/1/change/", wanted)
    assert {name: getattr(SiteSettings.load(), name) for name in wanted} == wanted
    assert admin.get("/admin/accounts/sitesettings/add/").status_code == 403
    assert admin.get("/admin/accounts/sitesettings/1/delete/").status_code == 403


def test_a_box_that_a_form_lacks_stays_as_it_is(admin, owner):
    """As those of a page that was open before an upgrade brought the box."""
    SiteSettings.load()
    path = "/admin/accounts/sitesettings/1/change/"
    SiteSettings.objects.update(link_previews=True, keep_edits=True)
    chosen = {"name": "Hut", "sign_up": "open", "inviters": "members", "emoji_adders": "members"}
    chosen |= {"notification_level": "mentions"}
    admin.post(path, {**chosen, "keep_edits": "false"})
    found = SiteSettings.objects.get()
    assert (found.name, found.link_previews, found.keep_edits) == ("Hut", True, False)
    # A box sends its state whatever that is.
    page = admin.get(path).content.decode()
    assert re.search(
        r'<input type="hidden" name="link_previews" value="false">\s*<input type="checkbox"', page
    )
    admin.post(path, {**chosen, "link_previews": ["false", "on"], "keep_edits": ["false"]})
    assert SiteSettings.objects.get().link_previews
    admin.post(f"{LIST}{owner.pk}/change/", {"display_name": "Ada", "email": ""}, follow=True)
    owner.refresh_from_db()
    assert (owner.display_name, owner.is_active, owner.is_staff) == ("Ada", True, False)


def test_tokens_are_revoked(admin, owner, live, committed):
    one, two = (services.make_token(owner, name)[0] for name in ("one", "two"))
    sockets = [live(owner, token_id=one.pk), live(owner, token_id=two.pk)]
    with committed():
        admin.post(f"/admin/accounts/apitoken/{one.pk}/delete/", {"post": "yes"})
    assert [socket.closed for socket in sockets] == [True, False]
    with committed():
        data = {"action": "delete_selected", "_selected_action": [two.pk], "post": "yes"}
        admin.post("/admin/accounts/apitoken/", data)
    assert sockets[1].closed
    assert not ApiToken.objects.exists()


def test_links_are_revoked(moderating, owner):
    link = services.store_invite(owner)
    carry_out(moderating, "revoke", link)
    link.refresh_from_db()
    assert link.revoked


def test_nobody_makes_a_link_theirs_or_last_longer(moderating, administrator):
    link = services.make_invite(administrator)
    page = moderating.get(f"/admin/accounts/invite/{link.pk}/change/")
    assert link.code not in page.text
    change = {"created_by": administrator.pk, "max_uses": 5000, "expires_at_0": "", "revoked": ""}
    services.revoke_invite(link)
    moderating.post(f"/admin/accounts/invite/{link.pk}/change/", change)
    before, link = link, Invite.objects.get()
    assert (link.revoked, link.max_uses, link.expires_at) == (True, before.max_uses, before.expires_at)


@pytest.mark.parametrize("path", [LIST, "/admin/accounts/invite/", "/admin/accounts/apitoken/"])
def test_lists_take_no_more_queries_with_more_rows(admin, make_person, django_assert_num_queries, path):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def rows(n):
        user = make_person(f"person{n}")
        services.store_invite(user)
        services.make_token(user, "bot")

    def queries():
        with CaptureQueriesContext(connection) as captured:
            admin.get(path)
        return len(captured)

    rows(0)
    admin.get(path)
    before = queries()
    for n in range(1, 10):
        rows(n)
    assert queries() == before


def test_a_moderator_neither_looks_for_addresses_nor_makes_ways_in(admin, moderating, owner):
    User.objects.filter(pk=owner.pk).update(email="ada@lovelace.example")
    lookup = "/admin/autocomplete/?app_label=rooms&model_name=membership&field_name=user&term=lovelace"
    for client, finds in ((admin, True), (moderating, False)):
        assert (f"{owner.pk}/change" in client.get(f"{LIST}?q=lovelace").text) is finds
        assert bool(client.get(lookup).json()["results"]) is finds
        assert ("Make a link" in client.get(LIST).text) is finds


def test_a_cell_has_its_columns_name_for_who_sees_no_head(admin, owner):
    page = admin.get(LIST).text
    assert '<td data-label="Display name" class="field-display_name">' in page
    assert '<th data-label="Username" class="field-username">' in page
    assert '<td class="action-checkbox">' in page
