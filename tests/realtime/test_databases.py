"""Handlers and the database: nobody waits for another's query, and no connection is left open."""

import json
import time

import psycopg
import pytest

from chatsite.realtime.places import shares
from tests.realtime.clients import RawSocket
from tests.realtime.conftest import SITE
from tests.realtime.harness import serve
from tests.realtime.postgres import find

# Connections for who isn't an HTTP request and no batch, by default.
OTHERS = shares(40)["other"]

pytestmark = [
    pytest.mark.realtime,
    pytest.mark.skipif(not find("initdb"), reason="PostgreSQL is not installed"),
]


@pytest.fixture(scope="module")
def server(database, tmp_path_factory):
    with serve(tmp_path_factory.mktemp("site"), SITE, DATABASE_URL=database) as server:
        yield server


def open_connections(database):
    with psycopg.connect(database) as connection:
        count = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'postgres' AND pid <> pg_backend_pid()"
        return connection.execute(count).fetchone()[0]


def test_a_slow_query_holds_up_nobody_else(server):
    """Reliability 14: with psycopg's own wait an echo took 1.96 s behind a query of 2 s."""
    with RawSocket(server) as slow, RawSocket(server) as quick:
        slow.connect(), quick.connect()
        slow.send('427["stall",{"seconds":1.5}]')
        time.sleep(0.1)
        began = time.monotonic()
        assert quick.call("query") == {"ok": True, "one": 1}
        assert time.monotonic() - began < 1
        assert json.loads(slow.until("437")[3:])[0] == {"ok": True}


def test_queries_run_beside_each_other(server):
    sockets = [RawSocket(server).connect(f"user{n}") for n in range(5)]
    began = time.monotonic()
    for socket in sockets:
        socket.send('427["stall",{"seconds":1}]')
    for socket in sockets:
        socket.until("437")
        socket.close()
    assert time.monotonic() - began < 3


def test_eighty_sockets_that_queried_hold_no_connection_each(server, database):
    """Reliability 15: 80 sockets held 80 of PostgreSQL's 100."""
    sockets = [RawSocket(server).connect(f"user{n}") for n in range(80)]
    for socket in sockets:
        socket.send('427["stall",{"seconds":0.05}]')
    time.sleep(0.05)
    assert open_connections(database) <= OTHERS
    for socket in sockets:
        assert json.loads(socket.until("437")[3:])[0] == {"ok": True}
    time.sleep(0.2)
    assert open_connections(database) <= OTHERS
    for socket in sockets:
        socket.close()


def backends(database):
    with psycopg.connect(database) as connection:
        found = "SELECT pid FROM pg_stat_activity WHERE datname = 'postgres' AND pid <> pg_backend_pid()"
        return {pid for (pid,) in connection.execute(found)}


def test_a_connection_waits_for_whoever_comes_next(server, database):
    def ask(name):
        with RawSocket(server).connect(name) as socket:
            assert socket.call("query") == {"ok": True, "one": 1}
        time.sleep(0.2)
        return backends(database)

    waiting = ask("first")
    assert waiting
    assert all(ask(f"user{n}") == waiting for n in range(5))


def test_a_connection_that_postgresql_ended_is_not_used_again(server, database):
    with RawSocket(server).connect() as socket:
        assert socket.call("query") == {"ok": True, "one": 1}
        time.sleep(0.2)
        gone = backends(database)
        with psycopg.connect(database) as connection:
            for pid in gone:
                connection.execute("SELECT pg_terminate_backend(%s)", [pid])
        time.sleep(0.2)
        assert socket.call("query") == {"ok": True, "one": 1}
        assert not backends(database) & gone
