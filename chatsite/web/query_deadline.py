"""Run queries that may take long with a deadline and off the event loop.

On SQLite they run in a thread with a connection of its own; on PostgreSQL the waiting greenlet yields by itself.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any, TypeVar

from django.db import OperationalError, connection, connections, transaction

from chatsite.contract.errors import Unavailable
from chatsite.database import sql
from chatsite.realtime.scheduling.background import in_thread, serving

T = TypeVar("T")

# Steps of SQLite's virtual machine between two checks of the clock: some 0.1 ms.
PROGRESS_STEPS = 10_000
# PostgreSQL's code for a cancelled statement, and the statement that sets the timeout for the rest of a transaction.
QUERY_CANCELED = "57014"
SET_LIMIT = "SELECT set_config('statement_timeout', %s, true)"


class TookTooLong(Unavailable):
    detail = "That took too long to look up. Ask for less at once, or try again in a moment."


def read(seconds: float, func: Callable[..., T], *args: Any) -> T:
    """Call `func(*args)`, which only reads, and cancel its statement after `seconds`. Raises TookTooLong."""
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
    """Limit each of PostgreSQL's statements within the block of a transaction; afterwards the former limit holds."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('statement_timeout')")
        former = cursor.fetchone()[0]
        cursor.execute(SET_LIMIT, [str(int(seconds * 1000))])
        yield
        cursor.execute(SET_LIMIT, [former])


def _interruptible(seconds: float, func: Callable[..., T], *args: Any) -> T:
    """Call `func` with SQLite's deadline; runs in a thread where this process is the server."""
    try:
        with interrupted(monotonic() + seconds):
            return func(*args)
    finally:
        if serving():
            connections.close_all()


@contextmanager
def interrupted(deadline: float) -> Iterator[None]:
    """Interrupt SQLite's statement that runs at `deadline`, in seconds of `monotonic`. Raises TookTooLong."""
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
