"""The doors of the web app: who may open them, what they say, and what they leave alone."""

import json
import re

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from accounts.models import SiteSettings
from chatsite import web_app
from messaging.models import Message
from rooms.models import Room

pytestmark = pytest.mark.django_db
OPEN = {"/sw.js": 1, "/offline": 1, "/offline.js": 0, "/manifest.webmanifest": 1}


@pytest.fixture
def room(private_room):
    return private_room


@pytest.mark.parametrize(("path", "queries"), OPEN.items())
def test_what_the_browser_keeps_is_the_same_for_everybody(
    path, queries, owner, stranger, django_assert_num_queries
):
    SiteSettings.load()
    contents = set()
    for person in (owner, stranger, None):
        client = Client()
        client.cookies["theme"] = "dark"
        if person:
            client.force_login(person)
        # The site's name; who asks is nothing that it asks.
        with django_assert_num_queries(queries):
            answer = client.get(path)
        assert answer.status_code == 200
        assert not answer.cookies
        assert "no-store" in answer["Cache-Control"]
        contents.add(answer.content)
    assert len(contents) == 1
    assert Client().post(path).status_code == 405


def test_the_worker_has_the_version_and_is_another_when_its_page_is(client, settings):
    versions = set()
    for version, name in (("a" * 12, "Shed"), ("b" * 12, "Shed"), ("b" * 12, "Barn")):
        settings.STATIC_VERSION = version
        SiteSettings.objects.update_or_create(pk=1, defaults={"name": name})
        text = client.get("/sw.js").content.decode()
        versions.add(json.loads(text.split("SITE = ")[1].split("\n")[0])["version"])
        assert version in text
        assert "export" not in re.sub(r"//.*|/\*[\s\S]*?\*/", "", text)
    assert len(versions) == 3


def test_switched_off_a_worker_takes_the_place_that_removes_itself(client, settings):
    settings.SERVICE_WORKER = "off"
    text = client.get("/sw.js").content.decode()
    assert "unregister()" in text
    assert '"fetch"' not in text
    assert "data-worker" not in client.get("/login").content.decode()


def test_pages_name_manifest_and_colours(client):
    page = client.get("/login").content.decode()
    assert "data-worker" in page
    assert 'href="/manifest.webmanifest"' in page
    assert page.count('name="theme-color"') == 2
    for theme, colour in (("light", web_app.LIGHT), ("dark", web_app.DARK)):
        client.cookies["theme"] = theme
        found = re.findall(r'name="theme-color" content="(#\w+)">', client.get("/login").content.decode())
        assert found == [colour]


def test_the_policy_lets_workers_come_from_the_site_alone(client):
    assert "worker-src 'self'" in client.get("/login")["Content-Security-Policy"]


@pytest.mark.parametrize("method", ["get", "post"])
def test_the_page_to_share_is_for_people_who_are_logged_in(method, client_of, owner, stranger, room):
    nobody = getattr(Client(), method)("/share", {"text": "hello"})
    assert nobody.status_code == 302
    assert nobody["Location"].startswith("/login")
    for person, offered in ((owner, True), (stranger, False)):
        page = getattr(client_of(person), method)("/share", {"text": "hello"})
        assert page.status_code == 200
        assert (f'value="{room.slug}"' in page.content.decode()) is offered
    assert not Message.objects.exists()


def test_title_text_and_address_are_shared_once_each_without_markup(client_of, owner, room):
    shared = {
        "title": "<b>Saw</b>",
        "text": "See https://example.org/saw\x00",
        "url": "https://example.org/saw",
    }
    # Without a token of ours: the system posts it.
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    page = client.post("/share", shared).content.decode()
    assert "&lt;b&gt;Saw&lt;/b&gt;\nSee https://example.org/saw</textarea>" in page
    assert client.post("/share", {"text": "x" * 50_000}).content.count(b"x" * 10_001) == 0
    assert client.post("/share/room", {"room": room.slug, "body": "x"}).status_code == 403


def test_a_shared_text_waits_in_the_composer_of_a_room_of_mine_once(client_of, owner, member, stranger, room):
    for person in (owner, member):
        client = client_of(person)
        answer = client.post("/share/room", {"room": room.slug, "body": "from <elsewhere>"})
        assert answer["Location"] == f"/chat/{room.slug}?latest=1&shared=1"
        assert "from &lt;elsewhere&gt;</textarea>" in client.get(answer["Location"]).content.decode()
        assert "elsewhere" not in client.get(answer["Location"]).content.decode()
    client = client_of(stranger)
    refused = client.post("/share/room", {"room": room.slug, "body": "x"})
    assert refused.status_code == 400
    assert room.name not in refused.content.decode()
    assert "shared" not in client.session
    assert client_of(owner).post("/share/room", {"room": room.slug, "body": "x" * 10_001}).status_code == 400
    assert Client().post("/share/room", {"room": room.slug}).status_code == 302
    assert not Message.objects.exists()
    assert Room.objects.get(pk=room.pk).head == room.head


def test_a_room_without_something_shared_writes_no_session(client_of, owner, room):
    client = client_of(owner)
    before = set(Session.objects.values_list("session_data", flat=True))
    client.get(f"/chat/{room.slug}")
    assert set(Session.objects.values_list("session_data", flat=True)) == before
