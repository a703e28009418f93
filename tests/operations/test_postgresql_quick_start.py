"""A second `./run` on PostgreSQL looks by psycopg alone, as one on SQLite does by its own driver."""

import psycopg
import pytest
import requests

from tests.operations.test_quick_start import ASK, MODULES, PACKAGES, python, start
from tests.support.servers.harness import free_port
from tests.support.servers.postgres import find

pytestmark = [
    pytest.mark.realtime,
    pytest.mark.skipif(not find("initdb"), reason="PostgreSQL is not installed"),
]


def change(database, statement):
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(statement)


def is_ready(checkout, environ):
    ready, models = python(checkout, ASK.format(first=""), PORT=str(free_port()), **environ).split()
    assert models == "False"
    return ready == "True"


def test_it_starts_quickly_until_something_is_to_be_done(checkout, database, tmp_path):
    environ = {"DATABASE_URL": f"{database}?application_name=quick"}
    assert not is_ready(checkout, environ)
    server = checkout.start(**environ)
    assert not is_ready(checkout, environ), "there is no account"
    assert server.set_up(requests.Session()).status_code == 200
    server.stop()
    assert is_ready(checkout, environ)
    server, happened = start(checkout, tmp_path, **environ)
    server.stop()
    for name in MODULES:
        assert len(happened[name]) == 1, happened
    # By the look, and by the worker.
    assert len(set(happened["psycopg"])) == 2
    assert not (set(PACKAGES) - {"psycopg"}) & happened.keys()

    change(
        database, "INSERT INTO django_migrations (app, name, applied) VALUES ('rooms', '9999_newer', now())"
    )
    assert not is_ready(checkout, environ)
    change(database, "DELETE FROM django_migrations WHERE name = '9999_newer'")
    assert is_ready(checkout, environ)
    with psycopg.connect(database) as other:
        # As by another machine's migration: it isn't waited for without end, nor taken for done.
        other.execute("LOCK TABLE rooms_event IN ACCESS EXCLUSIVE MODE")
        assert not is_ready(checkout, environ)
    change(database, "DELETE FROM push_vapidkey")
    assert not is_ready(checkout, environ)
