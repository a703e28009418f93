"""SQLite's connections are kept for the next greenlet, and never with what belonged to the last one."""

import pytest
from django.db import OperationalError

from accounts.names.lookup import FUNCTION
from chatsite.database.sqlite import base
from chatsite.realtime.queues import handler_pool

pytestmark = pytest.mark.django_db


@pytest.fixture
def connect(settings, tmp_path, monkeypatch):
    """`connect()` is a wrapper of the same file, as each greenlet has one."""
    monkeypatch.setattr(base, "serving", lambda: True)
    monkeypatch.setattr(base, "idle_connections", base.defaultdict(base.deque))
    made = []

    def connect():
        values = settings.DATABASES["default"] | {"NAME": str(tmp_path / "kept.sqlite3")}
        defaults = {
            "TIME_ZONE": None,
            "AUTOCOMMIT": True,
            "ATOMIC_REQUESTS": False,
            "OPTIONS": {"timeout": 0},
        }
        wrapper = base.DatabaseWrapper(values | defaults, alias="kept")
        made.append(wrapper)
        wrapper.ensure_connection()
        return wrapper

    yield connect
    for wrapper in made:
        wrapper.close()
    for connection, _ in base.idle_connections["kept"]:
        connection.close()


def run(wrapper, statement):
    with wrapper.cursor() as cursor:
        return cursor.execute(statement).fetchall()


def is_open(connection):
    try:
        connection.execute("SELECT 1")
    except base.sqlite3.ProgrammingError:
        return False
    return True


def test_the_next_one_gets_the_connection_and_nobody_else_does(connect):
    first = connect()
    raw = first.connection
    assert connect().connection is not raw
    first.close()
    assert (first.connection, first.idle()) == (None, 1)
    second, third = connect(), connect()
    assert second.connection is raw
    assert third.connection is not raw
    assert (first.is_kept, second.is_kept, third.is_kept) == (False, True, False)
    assert run(second, f"SELECT {FUNCTION}('Ä')") == run(third, f"SELECT {FUNCTION}('Ä')")


def test_one_in_a_transaction_is_not_kept(connect):
    first = connect()
    run(first, "CREATE TABLE t (n)")
    first.set_autocommit(False)
    run(first, "BEGIN")
    run(first, "INSERT INTO t VALUES (1)")
    raw = first.connection
    first.close()
    assert not is_open(raw)
    assert run(connect(), "SELECT * FROM t") == []


def test_one_that_failed_is_not_kept(connect):
    first = connect()
    with pytest.raises(OperationalError):
        run(first, "SELECT * FROM nothing")
    assert first.errors_occurred
    raw = first.connection
    first.close()
    assert not is_open(raw)


def test_a_query_that_was_given_up_does_not_hold_the_next_one_at_its_time(connect):
    writer, first = connect(), connect()
    run(writer, "PRAGMA journal_mode=WAL")
    run(writer, "CREATE TABLE t (n)")
    run(writer, "INSERT INTO t VALUES (1), (2)")
    given_up = first.cursor()
    given_up.execute("SELECT n FROM t")
    assert given_up.fetchone() == (1,)
    raw = first.connection
    first.close()
    run(writer, "INSERT INTO t VALUES (3)")
    second = connect()
    assert second.connection is raw
    assert run(second, "SELECT n FROM t") == [(1,), (2,), (3,)]


def test_one_that_nobody_wanted_for_a_while_is_opened_anew(connect, monkeypatch):
    first = connect()
    raw = first.connection
    first.close()
    monkeypatch.setattr(base, "IDLE_SECONDS", -1.0)
    assert connect().connection is not raw
    assert not is_open(raw)


def test_a_few_are_kept(connect):
    wrappers = [connect() for _ in range(base.MAX_IDLE + 2)]
    raws = [wrapper.connection for wrapper in wrappers]
    for wrapper in wrappers:
        wrapper.close()
    assert wrappers[0].idle() == base.MAX_IDLE
    assert [is_open(raw) for raw in raws] == [False, False, *[True] * base.MAX_IDLE]


def test_outside_of_the_server_none_is_kept(connect, monkeypatch):
    first = connect()
    raw = first.connection
    monkeypatch.setattr(base, "serving", lambda: False)
    first.close()
    assert not is_open(raw)


def test_what_is_left_of_a_connection_that_failed_harms_no_later_one(connect):
    wrapper = connect()
    # Somebody still refers to it, as a traceback does.
    left = wrapper.cursor()
    left.execute("SELECT 1")
    wrapper.errors_occurred = True
    wrapper.close()
    wrapper.ensure_connection()
    again = wrapper.connection
    assert run(wrapper, "SELECT 2") == [(2,)]
    wrapper.close()
    assert [connection for connection, _ in base.idle_connections["kept"]] == [again]
    assert left is not None


def test_a_job_goes_on_whose_connection_cannot_be_closed(monkeypatch):
    """A server without its consumers or its clean-up would go on as if nothing had happened."""

    def fails():
        raise base.sqlite3.ProgrammingError("Cannot operate on a closed database.")

    monkeypatch.setattr(handler_pool.databases, "close_all", fails)
    assert handler_pool.with_databases_closed(lambda: None) is False
