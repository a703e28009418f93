"""A device that takes pushes: switched on by a button, told by the site's own push, and renewed where it was lost.

No push service of a browser's maker can be reached, and this Chromium without a head shows no notifications: `pushManager`
gives a subscription to the tests' own service, and the permission is made up. What the worker does with a push is in
tests/js/push.test.mjs.
"""

import json

import pytest
from playwright.sync_api import expect

from tests.support import push_service
from tests.support.browser.context_pool import close
from tests.support.browser.devices import SUBSCRIPTION
from tests.support.browser.people import Visits, post
from tests.support.clients.cast import rest, settle
from tests.support.run.waiting import wait_for
from tests.support.servers.harness import serve
from tests.support.sites import PUSH


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with push_service.running(tmp_path_factory.mktemp("service")) as service:
        yield service


@pytest.fixture(scope="module")
def pushing(server, service, tmp_path_factory):
    """A site whose devices are told of each message."""
    settings = {"STATIC_DIR": server.environ["STATIC_DIR"], "PUSH_CERTIFICATE": service.certificate}
    with serve(tmp_path_factory.mktemp("pushing"), PUSH, **settings) as pushing:
        pushing.tokens = settle(pushing)
        yield pushing


@pytest.fixture
def visits(browser, pushing):
    visits = Visits(browser, pushing)
    yield visits
    visits.close()
    assert visits.faults == []


@pytest.fixture
def device(service):
    return service.device()


def open_devices(visits, pushing, device):
    page = visits("member", "/profile")
    page.add_init_script(SUBSCRIPTION % json.dumps(device.fields))
    page.goto(f"{pushing.url}/profile/devices")
    return page


def test_a_device_is_switched_on_told_renewed_and_switched_off(visits, pushing, device):
    page = open_devices(visits, pushing, device)
    expect(page.get_by_role("status")).to_have_text("This device isn't told.")
    page.get_by_role("button", name="Notify me on this device").click()
    row = page.get_by_role("listitem").filter(has_text="this one")
    expect(row).to_contain_text("127.0.0.1")
    expect(page.locator("[data-push=state]")).to_have_text("This device is told.")
    # The worker is there, and of what it imports nothing is missing.
    assert page.evaluate("async () => (await navigator.serviceWorker.ready).active.scriptURL").endswith(
        "/sw.js"
    )
    row.get_by_role("button", name="Test").click()
    wait_for(lambda: device.texts)
    assert device.texts[0]["title"] == "Notifications work"
    # Elsewhere, and for nobody on this page any more.
    page.goto("about:blank")
    post(pushing, "owner", "lobby", "Is the saw free?")
    wait_for(lambda: len(device.texts) == 2)
    assert (device.texts[1]["title"], device.texts[1]["body"]) == ("Lobby", "owner: Is the saw free?")
    assert device.faults == []
    # The site lost it: the page says again that it is there.
    [known] = rest(pushing, pushing.tokens["member"], "GET", "/push").json()["results"]
    assert rest(pushing, pushing.tokens["member"], "DELETE", f"/push/{known['id']}").status_code == 204
    page.goto(f"{pushing.url}/profile/devices")
    wait_for(lambda: rest(pushing, pushing.tokens["member"], "GET", "/push").json()["results"])
    page.reload()
    page.get_by_role("button", name="Stop notifying me here").click()
    expect(page.get_by_text("No device is told of anything yet.")).to_be_visible()
    assert rest(pushing, pushing.tokens["member"], "GET", "/push").json()["results"] == []


def test_nothing_goes_to_the_phone_while_somebody_uses_a_page(visits, pushing, device):
    rest(pushing, pushing.tokens["member"], "POST", "/push", **device.fields)
    page = visits("member", "/profile")
    page.wait_for_function("document.documentElement.dataset.liveStatus === 'online'")
    page.mouse.move(50, 50)
    page.mouse.move(60, 60)
    post(pushing, "owner", "lobby", "While you are there")
    # The desk is left: what was held back follows.
    page.wait_for_timeout(1500)
    assert device.texts == []
    close(page)
    wait_for(lambda: device.texts)
    assert device.texts[0]["body"] == "owner: While you are there"
