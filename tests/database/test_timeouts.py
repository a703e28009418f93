"""A statement that takes too long on PostgreSQL is given up, and who asked is told to try again."""

import subprocess
import sys
import time
import uuid

import psycopg
import pytest

from tests.support import ROOT
from tests.support.clients.cast import Browser, Chatter, rest, settle
from tests.support.clients.raw_clients import RawSocket
from tests.support.servers.harness import ANSWER, serve, standing_still
from tests.support.servers.postgres import find
from tests.support.sites import ECHO

pytestmark = [
    pytest.mark.realtime,
    pytest.mark.skipif(not find("initdb"), reason="PostgreSQL is not installed"),
]


@pytest.fixture(scope="module")
def server(database, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    with serve(folder, DATABASE_URL=database, DATABASE_STATEMENT_TIMEOUT="2") as server:
        yield server


@pytest.fixture(scope="module")
def tokens(server):
    return settle(server)


def locked(database, *tables):
    """As by a migration that changes them."""
    connection = psycopg.connect(database)
    connection.execute(f"LOCK TABLE {', '.join(tables)} IN ACCESS EXCLUSIVE MODE")
    return connection


def test_a_slow_statement_is_unavailable(database, tmp_path):
    with (
        serve(tmp_path, ECHO, DATABASE_URL=database, DATABASE_STATEMENT_TIMEOUT="2") as server,
        RawSocket(server) as socket,
    ):
        socket.connect()
        began = time.monotonic()
        assert socket.call("stall", {"seconds": 30})["error"]["code"] == "unavailable"
        assert 2 <= time.monotonic() - began < 25
        assert socket.call("query") == {"ok": True, "one": 1}


def test_a_lock_of_another_session(server, tokens, database):
    """What was asked of a table that is locked: the same answer by every door, and nothing is left of it afterwards."""
    owner, browser = Chatter(server, tokens["owner"]), Browser(server, "owner")
    owner.join("board")
    with locked(database, "messaging_message"):
        assert owner.say("board", "by the socket")["error"]["code"] == "unavailable"
        sent = rest(server, tokens["owner"], "POST", "/message", room="board", body="by REST")
        assert (sent.status_code, sent.json()["code"]) == (503, "unavailable")
        found = rest(server, tokens["owner"], "GET", "/message?q=hello")
        assert (found.status_code, found.json()["code"]) == (503, "unavailable")
        for path in ("/chat/board", "/search?q=hello"):
            page = browser.get(server.url + path, headers={"Accept": "text/html"}, timeout=ANSWER)
            assert page.status_code == 503
            assert "<html" in page.text
            assert "Traceback" not in page.text
    assert owner.say("board", "afterwards")["ok"]
    assert browser.get(server.url + "/chat/board", timeout=ANSWER).status_code == 200
    events = rest(server, tokens["owner"], "GET", "/message?room=board").json()["results"]
    assert [message["body"] for message in events] == ["afterwards"]
    assert "Traceback" not in server.log.read_text()
    owner.close()


def test_one_that_stands_still(server, tokens, database):
    """Its limits don't come: ours does, a little later. When it goes on, a repeat is stored once."""
    owner = Chatter(server, tokens["owner"])
    owner.join("board")
    assert owner.say("board", "before")["ok"]
    found = (
        "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )
    with psycopg.connect(database) as connection:
        pids = [pid for (pid,) in connection.execute(found)]
    with standing_still(pids):
        client_id = str(uuid.uuid4())
        assert owner.say("board", "meanwhile", client_id=client_id)["error"]["code"] == "unavailable"
    assert owner.say("board", "meanwhile", client_id=client_id)["ok"]
    found = rest(server, tokens["owner"], "GET", "/message?room=board").json()["results"]
    assert [message["body"] for message in found][:2] == ["meanwhile", "before"]
    owner.close()


def test_commands_may_take_their_time(server):
    shown = "from chatsite.operations.doctor.database import query_value; print([query_value('SHOW statement_timeout')])"
    command = [sys.executable, "manage.py", "shell", "-v0", "-c", shown]
    done = subprocess.run(command, cwd=ROOT, env=server.environ, capture_output=True, text=True, check=True)
    assert "['0']" in done.stdout
