"""Queries that may take long: given up after some seconds, and beside the server's loop, which others wait for.

On SQLite they are done in a thread, with a connection of its own; PostgreSQL is waited for without holding anybody up.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any, TypeVar

from django.db import OperationalError, connection, connections, transaction

from chatsite.contract.errors import Unavailable
from chatsite.database import sql
from chatsite.realtime.scheduling.threads import in_thread, serving

T = TypeVar("T")

# Steps of SQLite's machine between two looks at the clock: a tenth of a millisecond.
PROGRESS_STEPS = 10_000
# PostgreSQL's code of a statement that it has ended, and how it is told for the rest of a transaction.
QUERY_CANCELED = "57014"
SET_LIMIT = "SELECT set_config('statement_timeout', %s, true)"


class TookTooLong(Unavailable):
    detail = "That took too long to look up. Ask for less at once, or try again in a moment."


def read(seconds: float, func: Callable[..., T], *args: Any) -> T:
    """`func(*args)`, which only reads; no statement of it goes on after `seconds`. Raises TookTooLong."""
    return (
        _on_postgresql(seconds, func, *args)
        if sql.postgresql()
        else in_thread(_interruptible, seconds, func, *args)
    )


def _on_postgresql(seconds: float, func: Callable[..., T], *args: Any) -> T:
    try:
        with transaction.atomic(), statement_timeout(seconds):
            return func(*args)
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) == QUERY_CANCELED:
            raise TookTooLong() from error
        raise


@contextmanager
def statement_timeout(seconds: float) -> Iterator[None]:
    """In a transaction: PostgreSQL ends each statement after that time. What comes later in it has its former limit."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('statement_timeout')")
        former = cursor.fetchone()[0]
        cursor.execute(SET_LIMIT, [str(int(seconds * 1000))])
        yield
        cursor.execute(SET_LIMIT, [former])


def _interruptible(seconds: float, func: Callable[..., T], *args: Any) -> T:
    """In a thread, where this is the server."""
    try:
        with interrupted(monotonic() + seconds):
            return func(*args)
    finally:
        if serving():
            connections.close_all()


@contextmanager
def interrupted(deadline: float) -> Iterator[None]:
    """SQLite ends the statement that goes on at that time."""
    connection.ensure_connection()
    raw = connection.connection
    raw.set_progress_handler(lambda: monotonic() > deadline, PROGRESS_STEPS)
    try:
        yield
    except OperationalError as error:
        if "interrupted" in str(error):
            raise TookTooLong() from error
        raise
    finally:
        raw.set_progress_handler(None, 0)
