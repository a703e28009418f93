"""Handlers and the database: nobody waits for another's query, and no connection is left open."""

import json
import time
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from chatsite.database.connection_quota import shares
from tests.support.clients.raw_clients import RawSocket
from tests.support.servers.harness import ANSWER, serve
from tests.support.servers.postgres import find
from tests.support.sites import ECHO

# Connections for who isn't an HTTP request and no batch, by default.
OTHERS = shares(40)["other"]
LOCK = 7
WAIT = f'427["lock",{{"lock":{LOCK}}}]'

pytestmark = [
    pytest.mark.realtime,
    pytest.mark.skipif(not find("initdb"), reason="PostgreSQL is not installed"),
]


@pytest.fixture(scope="module")
def server(database, tmp_path_factory):
    settings = {"DATABASE_URL": database, "DATABASE_STATEMENT_TIMEOUT": "0"}
    with serve(tmp_path_factory.mktemp("site"), ECHO, **settings) as server:
        yield server


def backends(database):
    """The pids of those that serve the server."""
    with psycopg.connect(database, application_name="test") as connection:
        found = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND application_name <> 'test'"
        return {pid for (pid,) in connection.execute(found)}


def until(condition):
    deadline = time.monotonic() + ANSWER
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)


@contextmanager
def held(database):
    """`waiting()` is how many wait for the lock that this holds."""
    with psycopg.connect(database, application_name="test", autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        yield lambda: connection.execute(waits).fetchone()[0]


def test_psycopg_waits_in_the_hub(server):
    with RawSocket(server) as socket:
        assert socket.connect().call("state")["wait"] == "chatsite.realtime.worker.psycopg_wait"


def test_a_slow_query_holds_up_nobody_else(server, database):
    """Reliability 14: with psycopg's own wait an echo took 1.96 s behind a query of 2 s."""
    with RawSocket(server) as slow, RawSocket(server) as quick:
        slow.connect(), quick.connect()
        with held(database) as waiting:
            slow.send(WAIT)
            until(lambda: waiting() == 1)
            assert quick.call("query") == {"ok": True, "one": 1}
            assert waiting() == 1
        assert json.loads(slow.until("437")[3:])[0] == {"ok": True}


def test_queries_run_beside_each_other(server, database):
    sockets = [RawSocket(server).connect(f"user{n}") for n in range(5)]
    with held(database) as waiting:
        for socket in sockets:
            socket.send(WAIT)
        until(lambda: waiting() == len(sockets))
    for socket in sockets:
        assert json.loads(socket.until("437")[3:])[0] == {"ok": True}
        socket.close()


def test_eighty_sockets_that_queried_hold_no_connection_each(server, database):
    """Reliability 15: 80 sockets held 80 of PostgreSQL's 100."""
    sockets = [RawSocket(server).connect(f"user{n}") for n in range(80)]
    for socket in sockets:
        socket.send('427["stall",{"seconds":0.05}]')
    time.sleep(0.05)
    assert len(backends(database)) <= OTHERS
    for socket in sockets:
        assert json.loads(socket.until("437")[3:])[0] == {"ok": True}
    time.sleep(0.2)
    assert len(backends(database)) <= OTHERS
    for socket in sockets:
        socket.close()


def test_a_connection_waits_for_whoever_comes_next(server, database):
    def ask(name):
        with RawSocket(server).connect(name) as socket:
            assert socket.call("query") == {"ok": True, "one": 1}
        time.sleep(0.2)
        return backends(database)

    waiting = ask("first")
    assert waiting
    # Those of earlier tests may end meanwhile; none is made.
    assert all(ask(f"user{n}") <= waiting for n in range(5))


def test_a_connection_that_postgresql_ended_is_not_used_again(server, database):
    with RawSocket(server).connect() as socket:
        assert socket.call("query") == {"ok": True, "one": 1}
        time.sleep(0.2)
        gone = backends(database)
        with psycopg.connect(database, application_name="test") as connection:
            for pid in gone:
                connection.execute("SELECT pg_terminate_backend(%s)", [pid])
        # The end of a connection reaches the server by the end of its process, a moment after its row has gone.
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in gone))
        assert socket.call("query") == {"ok": True, "one": 1}
        assert not backends(database) & gone
