"""Pages that others wrote (the administration, the browsable API, the schema's page) under our security policy."""

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.support.servers.checkout import Server

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server(checkout) -> Server:
    return checkout.start()


@pytest.fixture(scope="module")
def administrator(server):
    """The cookies of the one who made the first account."""
    session = requests.Session()
    server.set_up(session)
    return [{"name": cookie.name, "value": cookie.value, "url": server.url} for cookie in session.cookies]


@pytest.fixture
def page(browser, administrator):
    context = browser.new_context()
    context.add_cookies(administrator)
    page = context.new_page()
    page.complaints = []
    page.on(
        "console", lambda message: page.complaints.append(message.text) if message.type == "error" else None
    )
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    yield page
    assert page.complaints == []
    context.close()


def test_the_schemas_page(page: Page, server):
    answer = page.goto(server.url + "/docs")
    assert "unsafe-inline" not in answer.headers["content-security-policy"]
    expect(page.get_by_role("heading", name="Chatsite")).to_be_visible()
    page.locator("#operations-room-room_list, .opblock").first.click()
    expect(page.get_by_text("Parameters").first).to_be_visible()


@pytest.mark.parametrize(
    "path",
    [
        "/admin/", "/admin/rooms/room/", "/admin/rooms/room/1/change/", "/admin/messaging/message/",
        "/admin/accounts/user/", "/admin/accounts/user/add/", "/admin/accounts/sitesettings/",
        "/admin/accounts/user/1/history/", "/admin/rooms/room/act/archive/?ids=1",
    ],
)  # fmt: skip
def test_the_administration(page: Page, server, path):
    assert page.goto(server.url + path).status == 200
    expect(page.locator("#content")).to_be_visible()


@pytest.mark.parametrize(
    "path", ["/room", "/room/general", "/room/general/member", "/user", "/user/me", "/message?room=general"]
)
def test_the_browsable_api(page: Page, server, path):
    assert page.goto(server.url + path, wait_until="load").status == 200
    expect(page.locator(".request-info")).to_be_visible()


def test_a_form_of_the_browsable_api_works(page: Page, server):
    page.goto(server.url + "/room")
    page.locator("input[name=name]").fill("Tea kitchen")
    page.get_by_role("button", name="POST").first.click()
    expect(page.locator(".response-info")).to_contain_text("201 Created")
    assert page.request.get(server.url + "/room/tea-kitchen").status == 200
