"""The site as a web app, with its service worker: without a connection, over an upgrade, and switched off."""

import json
import re
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import expect

from tests.browser.conftest import static_files
from tests.support.browser.people import HERE, PHONE, Visits, come_true, expect_texts, new_room, post, until
from tests.support.clients.cast import rest, settle
from tests.support.servers.database_templates import migrate
from tests.support.servers.harness import SITE, command, free_port, running, site_environ

NEXT = "tests.support.sites.next_version"
CONTROLLED = "() => navigator.serviceWorker.controller !== null"
# The room's copy is kept some seconds after it changed.
COPY = """async (room) => {
    const opened = indexedDB.open("chatsite")
    const database = await new Promise((resolve) => (opened.onsuccess = () => resolve(opened.result)))
    const request = database.transaction("rooms").objectStore("rooms").getAll()
    const copies = await new Promise((resolve) => (request.onsuccess = () => resolve(request.result)))
    database.close()
    return copies.find(({ key }) => key === room)?.messages.map(({ text }) => text) ?? []
}"""
MESSAGE = {
    "sender": {"display_name": "owner"},
    "created_at": "2026-11-29T08:00:00Z",
    "html": "<p>for members alone</p>",
    "files": [],
    "forwarded": None,
    "deleted": False,
}
SLUGS = COPY.replace(
    "copies.find(({ key }) => key === room)?.messages.map(({ text }) => text) ?? []",
    "copies.filter(({ messages }) => messages).map(({ owner, key }) => [owner, key])",
)
CACHES = "() => caches.keys()"
FORGET = """() => {
    localStorage.clear()
    return new Promise((done) => (indexedDB.deleteDatabase("chatsite").onsuccess = done))
}"""


class Site:
    """One site at one address, whose server is another after each `start`."""

    def __init__(self, folder: Path, static: Path) -> None:
        self.folder, self.static, self.port = folder, static, free_port()
        folder.mkdir()
        self.tokens: dict[str, str] = {}

    def running(self, **settings: str):
        settings = {"STATIC_DIR": str(self.static), "ROOMS_PER_HOUR": "0", **settings}
        environ = site_environ(self.folder, self.port, **settings)
        if not self.tokens:
            migrate(self.folder, environ)
        return running(self.folder, self.port, environ, command(self.port, SITE, 1))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return static_files(tmp_path_factory)


@pytest.fixture
def site(files, tmp_path):
    return Site(tmp_path / "site", files)


@pytest.fixture
def enter(browser):
    """Open a page of a server as somebody, in a browser that lets workers be; its worker is there when it is given."""
    contexts = []

    def enter(server, who, path, **options):
        visits = Visits(browser, server)
        context = browser.new_context(**{**HERE, **options})
        context.add_cookies(visits.cookies(who))
        contexts.append(context)
        page = context.new_page()
        page.goto(server.url + path)
        page.wait_for_function(CONTROLLED)
        return page

    yield enter
    for context in contexts:
        context.close()


def settled(site, server):
    if not site.tokens:
        site.tokens = settle(server)
    server.tokens = site.tokens
    return server


@pytest.mark.parametrize("form", [{}, PHONE], ids=["desktop", "phone"])
def test_without_a_connection_it_opens_with_what_was_read_and_takes_messages(site, enter, form):
    with site.running() as server:
        settled(site, server)
        room = new_room(server, "owner", members=["member"])
        post(server, "member", room, "the **oak** is here")
        page = enter(server, "owner", f"/chat/{room}", **form)
        until(page, f"async () => (await ({COPY})('{room}')).includes('the oak is here')")
        page.context.set_offline(True)
        page.reload()
        expect(page.get_by_role("status")).to_contain_text("Offline, as of")
        expect(page.locator(".offline-text")).to_have_text(["the oak is here"])
        page.locator("#offline-body").fill("I bring the saw")
        page.get_by_role("button", name="Send later").click()
        expect(page.locator(".waiting .offline-text")).to_have_text(["I bring the saw"])
        page.locator("#offline-body").fill("half a")
        # Any other page leads to the rooms that are kept.
        page.goto(server.url + "/search")
        page.get_by_role("list", name="Rooms").locator(f"a[href='/chat/{room}']").click()
        expect(page.locator("#offline-body")).to_have_value("half a")
        page.context.set_offline(False)
        page.wait_for_selector("html[data-live-status=online]")
        expect_texts(page, ["the oak is here", "I bring the saw"])
        expect(page.locator("#composer-body")).to_have_value("half a")


def forget(page, server):
    """Leave the page for one without scripts, with nothing kept: it may have copied its rooms already, or begun to."""
    page.goto(f"{server.url}/healthz")
    page.evaluate(FORGET)


def texts(page, room):
    return page.evaluate(COPY, room)


def copies(page):
    """Return owner and room of each copy that the browser keeps."""
    return page.evaluate(SLUGS)


def asked_of(page, paths):
    """Return the requests that the page makes from now on for its copies, of these paths: each has a limit, unlike the
    sidebar's for what was told while the page was loading."""
    asked = []

    def note(request):
        address = urlsplit(request.url)
        if address.path in paths and "limit=" in address.query:
            asked.append(request.url)

    page.on("request", note)
    return asked


def test_rooms_that_were_never_opened_are_there_without_a_connection_and_go_with_their_person(site, enter):
    with site.running() as server:
        settled(site, server)
        room = new_room(server, "owner", kind="private", members=["member"])
        left = new_room(server, "owner", kind="private", members=["member"])
        for slug, words in ((room, "the **oak** is\n\n- dry\n- here"), (left, "for members alone")):
            post(server, "owner", slug, words)
        gone = post(server, "owner", room, "a slip")["id"]
        assert rest(server, server.tokens["owner"], "DELETE", f"/message/{gone}").status_code == 204
        page = enter(server, "member", "/profile")
        forget(page, server)
        asked = asked_of(page, {"/room", "/message"})
        page.goto(f"{server.url}/profile")
        until(
            page, f"async () => (await ({COPY})('{left}')).length > 0 && localStorage.getItem('rooms-copied')"
        )
        assert texts(page, room) == ["the oak is\ndry\nhere"]
        # One list, and one request for each of the member's rooms: no page more, and none for other tabs or the next page.
        assert len(asked) == 1 + len(
            rest(server, server.tokens["member"], "GET", "/room?mine=true").json()["results"]
        )
        page.context.set_offline(True)
        page.goto(f"{server.url}/chat/{room}")
        expect(page.get_by_role("status")).to_contain_text("Offline, as of")
        expect(page.locator(".offline-text")).to_have_text(["the oak is dry here"])
        # Who was removed meanwhile has no copy from the next connection on.
        rest(server, server.tokens["owner"], "DELETE", f"/room/{left}/member/member")
        asked.clear()
        page.context.set_offline(False)
        page.wait_for_selector("html[data-live-status=online]")
        until(page, f"async () => !(await ({SLUGS})()).some(([, key]) => key === '{left}')")
        assert ["member", room] in copies(page)
        assert asked == []
        # Where it is due again, only the room is asked for in which something happened.
        page.goto(f"{server.url}/healthz")
        post(server, "owner", room, "and the ash")
        asked.clear()
        page.evaluate("localStorage.setItem('rooms-copied', '1')")
        page.goto(f"{server.url}/profile")
        until(page, f"async () => (await ({COPY})('{room}')).includes('and the ash')")
        until(page, "async () => localStorage.getItem('rooms-copied') > 1")
        assert [urlsplit(url).path for url in asked] == ["/room", "/message"]
        page.get_by_role("button", name="Log out", exact=True).click()
        page.wait_for_url("**/login*")
        until(page, f"async () => !(await ({SLUGS})()).length")


def test_nobody_finds_copies_of_who_had_the_browser_before_though_they_were_being_made(site, enter):
    with site.running() as server:
        settled(site, server)
        room = new_room(server, "owner", kind="private", members=["member"])
        post(server, "owner", room, "for members alone")
        page = enter(server, "member", "/profile", service_workers="allow")
        forget(page, server)
        other = page.context.new_page()
        held = []
        page.route("**/message?*", lambda route: held.append(route))
        page.goto(f"{server.url}/profile")
        come_true(page, lambda: held)
        # Another tab goes over to somebody else, while the first one waits for what it will keep.
        [session] = [
            one
            for one in Visits(page.context.browser, server).cookies("stranger")
            if one["name"] == "sessionid"
        ]
        page.context.add_cookies([session])
        other.goto(f"{server.url}/profile")
        until(other, "async () => localStorage.getItem('kept-for') === 'stranger'")
        until(other, f"async () => (await ({SLUGS})()).some(([owner]) => owner === 'stranger')")
        for route in held:
            route.fulfill(json={"results": [MESSAGE]})
        page.wait_for_timeout(500)
        assert {owner for owner, _ in copies(other)} == {"stranger"}


def test_an_upgrade_under_an_open_page_leaves_nothing_of_the_old_version(site, enter, tmp_path):
    with site.running() as server:
        settled(site, server)
        room = new_room(server, "owner")
        page = enter(server, "owner", f"/chat/{room}")
        old = re.search(r"/static/(\w{12})/", page.content())[1]
        assert any(old in name for name in page.evaluate(CACHES))
    upgraded = tmp_path / "static"
    shutil.copytree(site.static, upgraded)
    for made in upgraded.glob("js/main.js*"):
        if made.suffix != ".js":
            made.unlink()
    main = upgraded / "js/main.js"
    main.write_text(main.read_text() + "\ndocument.documentElement.dataset.build = 'next'\n")
    site.static = upgraded
    with site.running(DJANGO_SETTINGS_MODULE=NEXT) as server:
        asked = []
        page.context.on("request", lambda request: asked.append(request.url))
        page.reload()
        page.wait_for_selector("html[data-build=next][data-live-status=online]")
        assert old not in page.content()
        assert not [url for url in asked if old in url]
        until(page, f"async () => (await caches.keys()).every((name) => !name.includes('{old}'))")
        assert any("bbbbbbbbbbbb" in name for name in page.evaluate(CACHES))
        # Nor does the page without a connection have anything of it.
        page.context.set_offline(True)
        page.reload()
        expect(page.get_by_role("status")).to_contain_text("Offline")
        assert old not in page.content()
        page.context.set_offline(False)


def test_switched_off_it_removes_itself(site, enter):
    with site.running() as server:
        settled(site, server)
        page = enter(server, "owner", "/chat/general")
    with site.running(SERVICE_WORKER="off") as server:
        page.reload()
        until(
            page,
            "async () => (await navigator.serviceWorker.getRegistrations()).length === 0 && !(await caches.keys()).length",
        )
        page.reload()
        assert page.evaluate("navigator.serviceWorker.controller") is None


def test_what_is_shared_goes_into_the_composer_of_the_chosen_room(site, enter):
    with site.running() as server:
        settled(site, server)
        room = new_room(server, "owner")
        page = enter(server, "owner", "/profile")
        # As the system does it, by the manifest.
        manifest = requests.get(server.url + "/manifest.webmanifest").json()["share_target"]
        page.evaluate(
            """([{ action, method, enctype, params }]) => {
            const form = Object.assign(document.createElement("form"), { action, method, enctype })
            for (const [name, value] of [[params.text, "Look at this"], [params.url, "https://example.org/saw"]]) {
                form.append(Object.assign(document.createElement("input"), { name, value }))
            }
            const transfer = new DataTransfer()
            transfer.items.add(new File(["planks"], "planks.txt", { type: "text/plain" }))
            const input = Object.assign(document.createElement("input"), { type: "file", name: params.files[0].name })
            input.files = transfer.files
            form.append(input)
            document.body.append(form)
            form.submit()
        }""",
            [manifest],
        )
        page.wait_for_url("**/share")
        expect(page.get_by_role("list", name="Files")).to_have_text("planks.txt")
        page.get_by_label("Room", exact=True).select_option(room)
        page.get_by_role("button", name="Go on").click()
        page.wait_for_url("**/chat/**")
        expect(page.locator("#composer-body")).to_have_value("Look at this\nhttps://example.org/saw")
        expect(page.locator("#composer .upload")).to_contain_text("planks.txt")
        page.wait_for_selector("html[data-live-status=online]")
        page.get_by_role("button", name="Send").click()
        expect(page.locator(".message:not(.unsent) .files")).to_contain_text("planks.txt")
        # Once.
        page.reload()
        expect(page.locator("#composer-body")).to_have_value("")


def test_the_icon_has_the_unread_count_and_the_hint_goes_for_good(site, enter):
    with site.running() as server:
        settled(site, server)
        room = new_room(server, "owner", members=["member"])
        page = enter(server, "member", "/chat/general")
        page.add_init_script("navigator.setAppBadge = async (count) => { globalThis.badge = count }")
        page.evaluate("localStorage.setItem('visits', '3')")
        page.reload()
        post(server, "owner", room, "one")
        page.wait_for_function("() => globalThis.badge >= 1")
        offer = """() => {
            const event = new Event("beforeinstallprompt", { cancelable: true })
            dispatchEvent(Object.assign(event, { prompt: () => (globalThis.asked = true) }))
        }"""
        page.wait_for_selector("html[data-scripted]")
        page.evaluate(offer)
        page.get_by_role("button", name="Install as an app").click()
        assert page.evaluate("globalThis.asked")
        page.get_by_role("button", name="Put this hint away").click()
        page.reload()
        page.wait_for_selector("html[data-live-status=online]")
        page.evaluate(offer)
        expect(page.locator(".install-hint")).to_have_count(0)


def test_the_manifest_names_pictures_that_are_there(server):
    answer = requests.get(server.url + "/manifest.webmanifest")
    manifest = json.loads(answer.text)
    assert answer.headers["Content-Type"] == "application/manifest+json"
    assert {icon["purpose"] for icon in manifest["icons"]} == {"any", "maskable"}
    for icon in manifest["icons"]:
        picture = requests.get(server.url + icon["src"])
        assert picture.headers["Content-Type"] == icon["type"]
        assert int.from_bytes(picture.content[16:20]) == int(icon["sizes"].split("x")[0])
    for shortcut in manifest["shortcuts"]:
        assert requests.get(server.url + shortcut["url"], allow_redirects=False).status_code == 302
