"""Who somebody is can be seen beside every name: one hover away, and always by a screen reader."""

import subprocess
import sys

import pytest
from playwright.sync_api import expect

from tests.support import ROOT
from tests.support.browser.people import PASSWORD, PHONE, message, new_room, post, say, side
from tests.support.clients.cast import rest

# Mira is like nobody; the other two are from before that was refused.
SCRIPT = """
import sys, django
django.setup()
from django.contrib.auth.hashers import make_password
from accounts import services
from accounts.models import NameSkeleton, User
from accounts.names.skeletons import store_skeletons
names = {"mira_o": "Mira Okafor", "sam_a": "Sam Lind", "sam_b": "Ѕаm Lind"}
made = [User(username=name, display_name=shown, password=make_password(sys.argv[1])) for name, shown in names.items()]
User.objects.bulk_create(made)
store_skeletons(NameSkeleton, made)
print([services.make_token(user, "test")[1] for user in made])
"""


@pytest.fixture(scope="module")
def people(server):
    if "mira_o" not in server.tokens:
        command = [sys.executable, "-c", SCRIPT, PASSWORD]
        done = subprocess.run(
            command, cwd=ROOT, env=server.environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        made = done.stdout.strip("[]\n").replace("'", "").split(", ")
        server.tokens |= dict(zip(("mira_o", "sam_a", "sam_b"), made, strict=True))
    return ["mira_o", "sam_a", "sam_b", "member", "boss"]


@pytest.fixture
def talk(server, people):
    return new_room(server, "owner", members=people)


def name_of(row):
    return row.locator(".message-name")


def handle_of(row):
    return row.locator(".message-username")


def test_a_username_is_one_hover_away_live_and_after_a_reload(visit, talk, server):
    owner, mira = visit("owner", f"/chat/{talk}"), visit("mira_o", f"/chat/{talk}")
    say(mira, "The soup is on")
    for _ in range(2):
        row = message(owner, "The soup is on")
        expect(name_of(row)).to_have_accessible_name("Mira Okafor @mira_o")
        expect(row.locator("[data-part=mark]")).to_be_hidden()
        owner.locator("#composer-body").hover()
        expect(handle_of(row)).to_be_hidden()
        time = row.locator(".message-time").bounding_box()
        row.hover()
        expect(handle_of(row)).to_be_visible()
        expect(handle_of(row)).to_have_text("@mira_o")
        # What is there stays where it was.
        assert row.locator(".message-time").bounding_box() == time
        owner.reload()


def test_the_keyboard_shows_it_too(visit, talk, server):
    post(server, "mira_o", talk, "by key")
    owner = visit("owner", f"/chat/{talk}")
    row = message(owner, "by key")
    owner.locator("#composer-body").hover()
    row.focus()
    expect(handle_of(row)).to_be_visible()


def test_without_scripts_it_is_the_same(visit, talk, server):
    post(server, "mira_o", talk, "as it came")
    row = message(visit("owner", f"/chat/{talk}", java_script_enabled=False), "as it came")
    expect(name_of(row)).to_have_accessible_name("Mira Okafor @mira_o")
    row.hover()
    expect(handle_of(row)).to_be_visible()


def test_a_name_that_is_the_username_is_said_once(visit, talk, server):
    post(server, "member", talk, "plainly")
    row = message(visit("owner", f"/chat/{talk}"), "plainly")
    expect(name_of(row)).to_have_accessible_name("member")
    row.hover()
    expect(handle_of(row)).to_be_hidden()


@pytest.mark.parametrize("how", ["live", "loaded"])
def test_those_who_look_alike_are_always_told_apart(visit, talk, server, how):
    owner = visit("owner", f"/chat/{talk}") if how == "live" else None
    first = post(server, "sam_a", talk, "I am Sam")
    post(server, "sam_b", talk, "no, I am", reply_to=first["id"])
    owner = owner or visit("owner", f"/chat/{talk}")
    for text, username in (("I am Sam", "@sam_a"), ("no, I am", "@sam_b")):
        row = owner.locator(".message", has=owner.locator(".message-body", has_text=text)).last
        owner.locator("#composer-body").hover()
        expect(handle_of(row)).to_be_visible()
        expect(handle_of(row)).to_have_text(username)
    quote = message(owner, "no, I am").locator(".message-quote")
    expect(quote).to_contain_text("Sam Lind @sam_a · I am Sam", use_inner_text=True)
    expect(owner.locator(".member[data-user=sam_b]")).to_contain_text("Ѕаm Lind @sam_b", use_inner_text=True)


@pytest.mark.parametrize("how", ["live", "loaded"])
def test_who_runs_the_site_wears_a_mark(visit, talk, server, how):
    mira = visit("mira_o", f"/chat/{talk}") if how == "live" else None
    boss = visit("boss", f"/chat/{talk}")
    say(boss, "Please be kind")
    expect(message(boss, "Please be kind")).to_be_visible()
    mira = mira or visit("mira_o", f"/chat/{talk}")
    mark = message(mira, "Please be kind").locator("[data-part=mark]")
    expect(mark).to_be_visible()
    expect(mark).to_have_attribute("title", "Administrator of this site")
    expect(mark.locator("[aria-hidden]")).to_have_text("Admin")
    expect(mark.locator(".visually-hidden")).to_have_text("administrator of this site")
    row = mira.locator(".member[data-user=boss] a")
    expect(row).to_have_accessible_name("boss administrator of this site")
    # Whoever just says so wears none.
    post(server, "sam_a", talk, "Admin here")
    expect(message(mira, "Admin here").locator("[data-part=mark]")).to_be_hidden()


def test_beside_the_other_names_of_the_page(visit, talk, server):
    owner, mira = visit("owner", f"/chat/{talk}"), visit("mira_o", f"/chat/{talk}")
    expect(owner.locator(".member[data-user=mira_o] a")).to_have_accessible_name("Mira Okafor @mira_o")
    expect(owner.locator(".member[data-user=mira_o] a")).to_have_attribute("title", "@mira_o")
    mira.locator("#composer-body").press_sequentially("so")
    line = owner.locator(".typing-line")
    expect(line).to_have_text("Mira Okafor is typing… (@mira_o)")
    expect(line.locator("[data-part=text]")).to_have_text("Mira Okafor is typing…")
    expect(line).to_have_attribute("title", "@mira_o")
    owner.locator("#composer-body").press_sequentially("@mir")
    expect(owner.get_by_role("option")).to_have_text(["MOMira Okafor@mira_o"])


def test_a_member_who_comes_is_known_at_once(visit, server, people):
    room = new_room(server, "owner", members=["sam_a"])
    owner = visit("owner", f"/chat/{room}")
    rest(server, server.tokens["owner"], "POST", f"/room/{room}/member", username="mira_o")
    expect(owner.locator(".member[data-user=mira_o] a")).to_have_accessible_name("Mira Okafor @mira_o")


def test_a_conversation_says_with_whom(visit, server, people):
    made = rest(server, server.tokens["owner"], "POST", "/room", kind="direct", members=["mira_o"]).json()[
        "slug"
    ]
    twin = rest(server, server.tokens["owner"], "POST", "/room", kind="direct", members=["sam_b"]).json()[
        "slug"
    ]
    owner = visit("owner", f"/chat/{made}")
    expect(side(owner, made)).to_have_accessible_name("Mira Okafor @mira_o")
    expect(side(owner, made)).to_have_attribute("title", "@mira_o")
    expect(side(owner, twin).locator(".side-name")).to_have_text("Ѕаm Lind @sam_b")
    expect(owner.get_by_role("heading", level=1)).to_have_accessible_name("Mira Okafor @mira_o")


def test_search_and_a_phone(visit, talk, server):
    post(server, "mira_o", talk, "something to find by its rhubarb")
    found = visit("owner", "/search?q=rhubarb").locator(".result").first
    expect(found.locator(".message-name")).to_have_text("Mira Okafor @mira_o")
    found.hover()
    expect(found.locator(".message-username")).to_be_visible()
    phone = visit("owner", f"/chat/{talk}", **PHONE)
    row = message(phone, "rhubarb")
    expect(name_of(row)).to_have_accessible_name("Mira Okafor @mira_o")
