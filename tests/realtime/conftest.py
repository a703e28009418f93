import pytest

from tests.realtime.clients import Polling, RawSocket
from tests.realtime.harness import serve
from tests.realtime.postgres import postgres

SITE = "tests.realtime.site:application"


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The server of `tests.realtime.site`: events that echo, wait, fail and look inside."""
    # Many tests are one person.
    unlimited = {"EVENTS_PER_SECOND": "0", "LOOP_SHARE_PERCENT": "0"}
    with serve(tmp_path_factory.mktemp("site"), SITE, **unlimited) as server:
        yield server


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
    """Whatever a test did to the server, it still serves others."""
    yield
    with RawSocket(site) as socket:
        assert socket.connect("control").call("echo", {"still": "here"}) == {
            "ok": True,
            "echo": {"still": "here"},
        }
