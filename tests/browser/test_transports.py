"""Networks that let no websocket through, and say nothing about it."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import static_files
from tests.chaos.proxy import Proxy
from tests.support.browser.people import Visits, message, new_room, online, say, until
from tests.support.clients.cast import settle
from tests.support.servers.harness import serve

WAY = """async () => {
    const main = document.querySelector("script[type=module]").src
    const { connection } = await import(new URL("lib/connection/connection.js", main))
    return connection.socket.io.engine?.transport?.name
}"""

SOON = """async () => {
    const main = document.querySelector("script[type=module]").src
    const { Transports } = await import(new URL("models/transports.js", main))
    const { connection } = await import(new URL("lib/connection/connection.js", main))
    Transports.firstProbeDelayMs = Transports.longestProbeDelayMs = 500
    connection.transports.fallenBack = false
    connection.transports.probeDelayMs = 500
    connection.transports.timedOut()
}"""


@pytest.fixture(scope="module")
def behind(tmp_path_factory):
    """A site behind a middlebox that swallows openings of websockets, for as long as `server.way.swallowing`."""
    static = str(static_files(tmp_path_factory))
    with Proxy(0) as way:
        address = f"http://127.0.0.1:{way.port}"
        with serve(tmp_path_factory.mktemp("behind"), STATIC_DIR=static, SITE_URL=address) as server:
            way.upstream = server.port
            server.tokens = settle(server)
            server.port, server.way = way.port, way
            yield server


@pytest.fixture
def visit(browser, behind):
    visits = Visits(browser, behind)
    yield visits
    visits.close()
    assert visits.faults == []


def test_an_opening_that_is_swallowed_turns_to_polling_and_back(visit, behind):
    room = new_room(behind, "owner", members=["member"])
    visit.cookies("owner"), visit.cookies("member")
    behind.way.swallow()
    owner, member = visit("owner", f"/chat/{room}"), visit("member", f"/chat/{room}")
    assert [page.evaluate(WAY) for page in (owner, member)] == ["polling"] * 2
    say(owner, "by polling")
    for page in (owner, member):
        expect(message(page, "by polling")).to_be_visible()
    # Another page doesn't wait to find out, and by itself tries a websocket now and then; here it does soon.
    owner.goto(f"{behind.url}/chat/{room}")
    online(owner)
    owner.evaluate(SOON)
    online(owner)
    assert owner.evaluate(WAY) == "polling"
    behind.way.heal()
    until(owner, f"async () => (await ({WAY})()) === 'websocket'")
    online(owner)
    say(owner, "by websocket")
    for page in (owner, member):
        expect(message(page, "by websocket")).to_be_visible()
