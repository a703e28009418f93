"""SQLite under the server: another process that writes holds up nobody who doesn't."""

import sqlite3
import threading
import time

import pytest
import requests

from chatsite.database.sqlite.base import BUSY_TIMEOUT_SECONDS
from tests.support.clients.cast import Chatter, settle
from tests.support.servers.harness import ANSWER, serve

pytestmark = pytest.mark.realtime


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serve(tmp_path_factory.mktemp("site")) as server:
        yield server


@pytest.fixture
def other_process(server):
    """The lock that a management command holds while it writes."""
    writer = sqlite3.connect(server.environ["DATABASE_URL"].removeprefix("sqlite:///"), isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    yield writer
    writer.close()


def given_up(began):
    """Whether the server may have, on a machine that was busy for so long."""
    return time.monotonic() - began >= BUSY_TIMEOUT_SECONDS


def test_a_writer_beside_the_server_holds_up_only_those_who_write(server, request):
    token = settle(server)["member"]
    chatter = Chatter(server, token)
    chatter.join("lobby")
    began = time.monotonic()
    writer = request.getfixturevalue("other_process")
    acks = []
    sending = threading.Thread(target=lambda: acks.append(chatter.say("lobby", "in the end")))
    sending.start()
    try:
        for _ in range(10):
            requests.get(f"{server.url}/healthz", timeout=ANSWER)
            time.sleep(0.1)
        assert acks == [] or given_up(began), "the one who writes is waiting still"
    finally:
        writer.rollback()
        sending.join()
    assert acks[0]["ok"] or given_up(began)
    chatter.close()
