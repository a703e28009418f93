"""People in the browser tests, with what they do and see there."""

import itertools
import re
import time
import uuid
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect

from tests.support.browser.context_pool import Listeners, Spares, close
from tests.support.clients.cast import rest
from tests.support.servers.harness import Server

PASSWORD = "correct horse battery"
PHONE = {"viewport": {"width": 390, "height": 820}, "has_touch": True, "is_mobile": True}
DESKTOP = {"viewport": {"width": 1360, "height": 820}}
HERE = {**DESKTOP, "locale": "en-GB"}
# Events of a page that the browser puts away and brings back by its back button; Playwright's browsers keep none.
PUT_AWAY = "dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))"
BRING_BACK = "dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))"
numbers = itertools.count(1)

# Words on the console that are no fault. An answer that is an error is noted by itself.
EXPECTED = re.compile(r"net::ERR_|Failed to load resource|WebSocket connection|WebSocket is closed")
# Engine.IO's own refusals, of sessions that ended with their server.
UNNOTED = re.compile(r"/socket\.io/")


def new_room(server: Server, owner: str, **details: Any) -> str:
    answer = rest(server, server.tokens[owner], "POST", "/room", name=f"Room {next(numbers)}", **details)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["slug"])


def post(server: Server, who: str, room: str, body: str, **details: Any) -> dict[str, Any]:
    """Send a message by REST."""
    message = {"room": room, "body": body, "client_id": str(uuid.uuid4()), **details}
    answer = rest(server, server.tokens[who], "POST", "/message", **message)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


class Visits:
    """Opens pages as people, each in a browser of their own, and notes what goes wrong in any page of any of them.

    `faults` are uncaught errors and rejections, words on the console, breaches of the security policy, and answers with
    an error to what a page itself asks for: its files, its API. `expected` has statuses of such answers that a test is
    about."""

    sessions: dict[tuple[str, str], list[Any]] = {}

    def __init__(self, browser: Browser, server: Server) -> None:
        self.server, self.spares = server, Spares(browser, server.url, self.listeners)
        self.faults: list[str] = []
        self.expected: set[int] = set()

    def __call__(self, who: str | None, path: str, **options: Any) -> Page:
        context = self.spares.take({**HERE, **options})
        if who:
            context.add_cookies(self.cookies(who))
        page = context.new_page()
        page.goto(self.server.url + path)
        if who and options.get("java_script_enabled", True) and page.locator("[data-live]").count():
            online(page)
        return page

    @property
    def listeners(self) -> Listeners:
        return {"weberror": self.note_error, "console": self.note_words, "response": self.note_answer}

    def note_error(self, error: Any) -> None:
        self.faults.append(f"{error.page.url if error.page else '-'}: {error.error}")

    def note_words(self, message: Any) -> None:
        if message.type in ("error", "warning") and not EXPECTED.search(message.text):
            self.faults.append(f"{message.page.url if message.page else '-'}: {message.text}")

    def note_answer(self, response: Any) -> None:
        """Note an error in a file or an answer that a page needs; a page itself may be an error that a test is about."""
        bad = 500 if response.request.resource_type == "document" else 400
        if response.status < bad or response.status in self.expected or UNNOTED.search(response.url):
            return
        # Another page of the person's was quicker: that is how a draft's versions are told apart.
        if response.status == 409 and "/draft/" in response.url:
            return
        self.faults.append(f"{response.status} {response.request.method} {response.url}")

    def cookies(self, who: str) -> list[Any]:
        key = (self.server.url, who)
        if key not in self.sessions:
            self.sessions[key] = self.log_in(who)
        return self.sessions[key]

    def log_in(self, who: str) -> list[Any]:
        context = self.spares.take(HERE)
        page = context.new_page()
        page.goto(f"{self.server.url}/login")
        page.get_by_label("Username").fill(who)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url("**/chat/**")
        close(page)
        return context.cookies()

    def close(self) -> None:
        self.spares.give_back()


def say(page: Page, text: str) -> None:
    page.get_by_role("textbox", name="Message").or_(page.locator("#composer-body")).first.fill(text)
    page.get_by_role("button", name="Send").click()


def message(page: Page, text: str) -> Locator:
    """Return the stored message of this text on the page."""
    return page.locator(".message[data-id]:not(.unsent)").filter(
        has=page.locator(".message-body", has_text=text)
    )


def expect_texts(page: Page, texts: list[str]) -> None:
    """Expect these texts of all stored messages, once the page is whole: it can be asked while it is being read."""
    bodies = page.locator(".message:not(.unsent) .message-body")
    expect(bodies).to_have_text(texts, use_inner_text=True)


def wait_until_read(server: Server, who: str, room: str) -> None:
    """Wait until the server knows that the person has read all of the room."""
    deadline = time.monotonic() + 60
    while (state := rest(server, server.tokens[who], "GET", f"/room/{room}").json())["unread"]:
        assert time.monotonic() < deadline, f"{who} hasn't read {room}: {state}"
        time.sleep(0.05)


def until(page: Page, script: str) -> None:
    """Wait until an async function is true of the page: to Playwright's `wait_for_function` its promise is true."""
    deadline = time.monotonic() + 60
    while not page.evaluate(script):
        assert time.monotonic() < deadline, script
        page.wait_for_timeout(50)


def online(page: Page) -> None:
    """Wait until the page is connected: before, what needs the connection is refused."""
    expect(page.locator("html[data-live-status=online]")).to_have_count(1)


def come_true(page: Page, condition: Callable[[], object]) -> None:
    """Wait until `condition()` is true, while the browser's requests are heard of."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it didn't happen in time"
        page.wait_for_timeout(20)


def act(page: Page, text: str, action: str) -> None:
    """Click an action of the message's toolbar."""
    message(page, text).hover()
    page.get_by_role("button", name=action, exact=True).click()


def side(page: Page, slug: str) -> Locator:
    """Return a room's row in the sidebar."""
    return page.locator(f".side-row[data-room='{slug}']")
