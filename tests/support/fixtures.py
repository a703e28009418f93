"""Servers and clients that tests of several folders ask for."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from chatsite.realtime.delivery import subscriptions
from chatsite.realtime.delivery.connection import Connection
from tests.support.browser.chromium import chromium
from tests.support.clients.cast import settle
from tests.support.clients.raw_clients import Polling, RawSocket
from tests.support.recording_channel import RecordingChannel
from tests.support.run.machine_pace import Pace
from tests.support.servers import harness
from tests.support.servers.checkout import Checkout
from tests.support.servers.postgres import postgres
from tests.support.servers.redis import redis
from tests.support.servers.two_processes import TwoProcesses
from tests.support.sites import CLUSTER, ECHO

expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The server of `tests.support.sites.echo`: events that echo, wait, fail and look inside."""
    # Many tests are one person.
    unlimited = {"EVENTS_PER_SECOND": "0", "LOOP_SHARE_PERCENT": "0"}
    with harness.serve(tmp_path_factory.mktemp("site"), ECHO, **unlimited) as server:
        yield server


@pytest.fixture
def attach_connection():
    """`attach_connection(identity, "room")` is a connection as a server holds it, which has joined these rooms and whose
    channel keeps what it is sent."""
    made = []

    def attach_connection(identity, *rooms, sid=None):
        connection = Connection(sid or f"sid{len(made)}", identity, RecordingChannel())
        subscriptions.attach(connection)
        for slug in rooms:
            subscriptions.subscribe(connection, slug)
        made.append(connection)
        return connection

    yield attach_connection
    for connection in made:
        subscriptions.detach(connection)


@pytest.fixture(scope="module")
def database():
    with postgres() as url:
        yield url


@pytest.fixture
def raw(site):
    """`raw()` is a websocket before Engine.IO's first packet; all are closed in the end."""
    opened = []

    def raw(*arguments, **options):
        opened.append(RawSocket(site, *arguments, **options))
        return opened[-1]

    yield raw
    for socket in opened:
        socket.close()


@pytest.fixture
def polling(site):
    return Polling(site)


@pytest.fixture
def alive(site):
    """Check after the test that the server still serves others."""
    yield
    with RawSocket(site) as socket:
        assert socket.connect("control").call("echo", {"still": "here"}) == {
            "ok": True,
            "echo": {"still": "here"},
        }


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    with postgres() as database, redis() as server:
        settings = {"DATABASE_URL": database, "REDIS_URL": server.url}
        with (
            harness.serve(tmp_path_factory.mktemp("one"), CLUSTER, **settings) as one,
            harness.serve(tmp_path_factory.mktemp("other"), CLUSTER, **settings) as other,
        ):
            yield TwoProcesses(one, other, server, settle(one), settings)


@pytest.fixture
def pace():
    with Pace() as pace:
        yield pace


@pytest.fixture
def two(both):
    yield both
    both.close()


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    copy = Checkout(tmp_path_factory.mktemp("checkout"))
    # The first start may say that it installs something.
    copy.run("manage", "version")
    yield copy
    copy.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser
