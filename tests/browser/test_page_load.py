"""A room page: how much it asks for, how deep its requests are nested, and what it says before it is answered."""

import re
from contextlib import contextmanager
from functools import partial

import pytest
import requests

from benchmarks.page_load import load
from tests.support.browser.people import HERE, new_room, post

ADDRESS = re.compile(r"/static/[0-9a-f]{12}/js/main\.js")

ASKED = r'42(\d|\["hello)'


@pytest.fixture
def talk(server):
    """A room with as much to read as a page shows, no two messages alike. The visitor is alone there: of people who come or
    leave while the page loads, it would ask anew."""
    room = new_room(server, "visitor")
    for number in range(50):
        post(server, "visitor", room, " ".join(str(number * other) for other in range(7, 37)))
    return room


@pytest.fixture
def context(browser, visit):
    """A browser of the owner's that has nothing of the site yet."""
    with new_browser(browser, visit.cookies("owner")) as context:
        yield context


@contextmanager
def new_browser(browser, cookies):
    context = browser.new_context(**HERE)
    context.add_cookies(cookies)
    yield context
    context.close()


def test_a_room_takes_few_requests_and_bytes_and_one_websocket(browser, visit, server, talk):
    with new_browser(browser, visit.cookies("visitor")) as context:
        cold, warm = (load(context, f"{server.url}/chat/{talk}") for _ in range(2))
    assert cold.numbers()["requests"] <= 25
    assert 100_000 < cold.bytes <= 185_000
    # Whatever the page needs, the page itself names.
    assert cold.depth == 1, cold.parents
    # The page alone, and what opens within it.
    assert warm.numbers()["requests"] <= 2
    # The one that opening.js has opened is the one that is used, whichever script comes first.
    assert cold.sockets == warm.sockets == 1


def test_the_join_goes_out_behind_the_connect_and_is_answered_behind_hello(context, server, room):
    frames = []
    page = context.new_page()
    # opening.js comes too late to help: the page opens its own.
    page.route("**/js/opening.js", lambda route: route.abort())
    page.on("websocket", lambda socket: listen(socket, frames))
    page.goto(f"{server.url}/chat/{room}")
    page.wait_for_selector("html[data-live-status=online]")
    while not any(text.startswith("430") for _, text in frames):
        page.wait_for_timeout(20)
    # Whether somebody is at the page comes without an ack, whenever it is told; so does who left another test.
    asked = [(way, text[:9]) for way, text in frames if text[:2] in ("40", "43") or re.match(ASKED, text)]
    assert asked[:6] == [
        ("sent", "40"),
        ("sent", '420["join'),
        ("sent", '421["sync'),
        ("heard", '40{"sid":'),
        ("heard", '42["hello'),
        ("heard", '430[{"ok"'),
    ]


def listen(socket, frames):
    socket.on("framesent", lambda text: frames.append(("sent", text)))
    socket.on("framereceived", lambda text: frames.append(("heard", text)))


def test_what_was_heard_before_the_scripts_came_is_heard_by_them(context, server, room):
    """Slow scripts: by the time they come, the websocket is open, let in, and has been told of a message elsewhere."""
    held, frames = [], []
    page = context.new_page()
    page.route("**/js/main.js", lambda route: held.append(route))
    page.on("websocket", lambda socket: listen(socket, frames))
    page.goto(f"{server.url}/chat/general", wait_until="commit")
    while not any(text.startswith('42["hello') for _, text in frames):
        page.wait_for_timeout(20)
    post(server, "member", room, "while the scripts are away")
    while not any("room-activity" in text for _, text in frames):
        page.wait_for_timeout(20)
    assert not any("join" in text for way, text in frames if way == "sent")
    held.pop().continue_()
    page.wait_for_selector(f".side-row.unread[data-room='{room}']")
    assert [text for way, text in frames if way == "sent" and text.startswith("40")] == ["40"]


def test_a_page_of_the_last_version_gets_all_of_its_scripts_of_this_one(context, server, room):
    """As from an old worker, during a rolling restart."""
    old = "/static/0123456789ab/"

    def as_before(route):
        answer = route.fetch()
        route.fulfill(response=answer, body=re.sub(r"/static/[0-9a-f]{12}/", old, answer.text()))

    page = context.new_page()
    asked = []
    page.on("response", lambda answer: asked.append((answer.status, answer.url)))
    page.route(f"**/chat/{room}", as_before)
    page.goto(f"{server.url}/chat/{room}")
    page.wait_for_selector("html[data-live-status=online]")
    scripts = [(status, url) for status, url in asked if "/js/" in url]
    assert {status for status, url in scripts if old in url} == {302}
    # Joined, it has nothing to mix with.
    assert sorted(url.rpartition("/")[2] for status, url in scripts if status == 200) == [
        "main.js",
        "opening.js",
    ]
    assert requests.get(server.url + old + "js/lib/connection/connection.js").status_code == 200


@pytest.mark.parametrize(("ended", "sockets"), [("before it opened", 1), ("after it was let in", 2)])
def test_an_early_websocket_of_an_ended_session_leads_to_the_log_in_page(visit, server, ended, sockets):
    """The session ends elsewhere between the page and its scripts. A refusal is taken over with its websocket; one that
    was let in is closed by then, and the next is refused."""
    visit.sessions.pop((server.url, "visitor"), None)
    page = visit(None, "/login")
    page.context.add_cookies(visit.cookies("visitor"))
    cookies = {cookie["name"]: cookie["value"] for cookie in visit.sessions.pop((server.url, "visitor"))}
    held, opened, frames = {}, [], []
    page.route(re.compile(r"/js/(opening|main)\.js"), partial(hold_first, held))
    page.on("websocket", lambda socket: opened.append(socket.url))
    page.on("websocket", lambda socket: listen(socket, frames))
    page.goto(f"{server.url}/chat/general", wait_until="commit")
    wait_for(page, lambda: len(held) == 2)
    if ended == "before it opened":
        log_out(server, cookies)
    held["opening.js"].continue_()
    answer = '44{"message"' if ended == "before it opened" else '42["hello"'
    wait_for(page, lambda: any(text.startswith(answer) for _, text in frames))
    if ended == "after it was let in":
        log_out(server, cookies)
        wait_for(page, lambda: any("session-ended" in text for _, text in frames))
    held["main.js"].continue_()
    page.wait_for_url("**/login**")
    assert len(opened) == sockets
    # What was refused was no websocket that a network swallowed.
    assert page.evaluate("sessionStorage.getItem('websocket-fails')") is None


def hold_first(held, route):
    """Keep the first request of each name; the page after it gets what it asks for."""
    if held.setdefault(route.request.url.rpartition("/")[2], route) is not route:
        route.continue_()


def log_out(server, cookies):
    """Elsewhere: the browser's own cookie stays."""
    form = {"csrfmiddlewaretoken": cookies["csrftoken"]}
    requests.post(
        f"{server.url}/logout", form, cookies=cookies, headers={"Referer": server.url}
    ).raise_for_status()


def wait_for(page, condition):
    while not condition():
        page.wait_for_timeout(20)
