"""Ends of sessions, on a real server with real clients. It is told of them, or doesn't hear: it never looks by itself."""

import re

import pytest
import requests

from tests.support.clients.cast import Browser, Chatter, settle
from tests.support.servers.harness import ANSWER, serve
from tests.support.sites import UNCHECKED

pytestmark = pytest.mark.realtime


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    application = UNCHECKED
    with serve(tmp_path_factory.mktemp("accounts"), application) as server:
        server.tokens = settle(server)
        yield server


@pytest.fixture
def connect(server):
    opened = []

    def connect(token=None, **options):
        opened.append(Chatter(server, token, **options))
        return opened[-1]

    yield connect
    for chatter in opened:
        chatter.close()


def cut(code, *chatters):
    for chatter in chatters:
        assert chatter.wait("session-ended") == {"code": code}
        chatter.wait("disconnect")


def user_id(server, username):
    script = f"from accounts.models import User; print(User.objects.get(username='{username}').pk)"
    return server.manage("shell", "-v0", "-c", script).split()[-1]


def test_the_admin_deactivates_and_every_door_closes_at_once(server, connect):
    page, boss = Browser(server, "visitor"), Browser(server, "boss")
    by_cookie, by_token = connect(cookies=page.cookie_header), connect(server.tokens["visitor"])
    other = connect(server.tokens["member"])
    pk = user_id(server, "visitor")
    boss.form(f"/admin/accounts/user/act/deactivate/?ids={pk}")
    cut("deactivated", by_cookie, by_token)
    headers = {"Authorization": f"Token {server.tokens['visitor']}"}
    assert requests.get(server.url + "/user/me", headers=headers, timeout=ANSWER).status_code == 401
    assert page.get(server.url + "/profile", timeout=ANSWER).url.startswith(server.url + "/login")
    other.round_trip()
    assert other.all("session-ended") == []


def make_token(page):
    """Posted from the profile page: the address itself takes no GET."""
    fields = {"name": "bot", "csrfmiddlewaretoken": page.cookies["csrftoken"]}
    headers = {"Referer": page.server.url}
    return page.post(page.server.url + "/profile/token", data=fields, headers=headers, timeout=ANSWER)


def test_a_token_revoked_on_the_profile_page_cuts_its_program(server, connect):
    page = Browser(server, "stranger")
    made = make_token(page)
    secret = re.search(r'value="(chat_[^"]+)"', made.text)[1]
    pk = re.search(r"/profile/token/(\d+)/revoke", made.text)[1]
    program, tab = connect(secret), connect(cookies=page.cookie_header)
    page.form(f"/profile/token/{pk}/revoke")
    cut("revoked", program)
    tab.round_trip()
    assert tab.all("session-ended") == []


def test_a_change_behind_the_servers_back_is_found(tmp_path):
    with serve(tmp_path) as server:
        settle(server)
        tab = Chatter(server, cookies=Browser(server, "stranger").cookie_header)
        script = "from accounts.models import User; u = User.objects.get(username='stranger'); u.set_password('x'); u.save()"
        server.manage("shell", "-v0", "-c", script)
        cut("password_changed", tab)
        tab.close()
